// A server that takes the request and then fails: what the client reads, and in which form.
#include "tests/netproxy/core/playbook.h"
#include "tests/netproxy/proxy/http2_playbook.h"

namespace osh::netproxy::core::test
{
namespace
{

constexpr char const* kOpen = R"(version: 1
network_policies:
  sites:
    endpoints: [{host: rest.test, port: 80, protocol: rest, enforcement: enforce, access: full}]
    binaries: [{ path: /usr/bin/curl }]
)";
constexpr std::string_view kWithoutAnswer = "it closed the connection without an answer";

class FlowUpstream : public Playbook
{
protected:
    // What a POST with these fields gets of a server that says `answer` and closes.
    std::string gets(std::string const& fields, std::string_view answer, std::string path = "/x")
    {
        start(WhenUnruled::Deny, kOpen);
        flow = open("rest.test", 80);
        says(flow, "POST " + path + " HTTP/1.1\r\nHost: rest.test\r\n" + fields
                       + "Content-Length: 2\r\n\r\nhi");
        auto const upstream = connects();
        core->sent_upstream(upstream, upstream_text(upstream).size(), at);
        if (!answer.empty())
            replies(upstream, answer);
        core->upstream_ended(upstream, Ending::Finish, at);
        return side(flow).out;
    }
    FlowId flow = 0;
};

TEST_F(FlowUpstream, AnAnswerThatNeverComesIsTold)
{
    auto const out = gets("", "");
    EXPECT_TRUE(out.starts_with("HTTP/1.1 502 ")) << out;
    EXPECT_TRUE(out.ends_with(
        "{\"error\":\"upstream_protocol_error\",\"detail\":\"osh: the server of rest.test is at "
        "fault: it closed the connection without an answer\",\"message\":\"osh: the server of "
        "rest.test is at fault: it closed the connection without an answer\",\"host\":\"rest.test\""
        ",\"reason\":\"it closed the connection without an answer\",\"retry\":false}\n"))
        << out;
    EXPECT_TRUE(side(flow).is_finished);
    auto line = told<policy::Decided>();
    while (line && line->code != "upstream_protocol_error")
        line = told<policy::Decided>();
    ASSERT_TRUE(line);
    EXPECT_EQ(line->reason, kWithoutAnswer);
}

TEST_F(FlowUpstream, AMalformedAnswerIsTold)
{
    auto const out =
        gets("", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nevil");
    EXPECT_TRUE(out.starts_with("HTTP/1.1 502 ")) << out;
    EXPECT_NE(out.find("\"error\":\"upstream_protocol_error\""), std::string::npos) << out;
    EXPECT_EQ(out.find("evil"), std::string::npos) << out;
}

TEST_F(FlowUpstream, ABrowserGetsAPage)
{
    auto const out = gets("Accept: text/html, */*\r\n", "");
    EXPECT_TRUE(out.starts_with("HTTP/1.1 502 ")) << out;
    EXPECT_NE(out.find("<h1>Not available</h1><p>osh: the server of rest.test is at fault: "),
        std::string::npos)
        << out;
}

TEST_F(FlowUpstream, ACallOfGrpcGetsAStatus)
{
    for (std::string_view const answer : {"", "no answer of HTTP\r\n\r\n"}) {
        auto const out = gets("Content-Type: application/grpc\r\n", answer);
        EXPECT_TRUE(out.starts_with("HTTP/1.1 200 ")) << out;
        EXPECT_NE(out.find("grpc-status: 14\r\n"), std::string::npos) << out;
        EXPECT_NE(out.find("grpc-message: osh: the server of"), std::string::npos) << out;
    }
}

TEST_F(FlowUpstream, GitGetsALine)
{
    auto const out = gets("User-Agent: git/2.39\r\n", "", "/r.git/git-upload-pack");
    EXPECT_TRUE(out.starts_with("HTTP/1.1 200 ")) << out;
    EXPECT_NE(out.find("ERR osh: the server of rest.test is at fault: "), std::string::npos) << out;
}

// git reads no answer before it has sent its pack.
TEST_F(FlowUpstream, GitGetsItOnceItHasSentAll)
{
    start(WhenUnruled::Deny, kOpen);
    flow = open("rest.test", 80);
    says(flow, "POST /r.git/git-receive-pack HTTP/1.1\r\nHost: rest.test\r\nUser-Agent: git/2.39"
               "\r\nContent-Length: 9\r\n\r\n0000");
    auto const upstream = connects();
    core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    core->upstream_ended(upstream, Ending::Reset, at);
    EXPECT_EQ(side(flow).out, "");
    says(flow, "PACK!");
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 200 ")) << side(flow).out;
    EXPECT_NE(side(flow).out.find("is at fault"), std::string::npos) << side(flow).out;
}

// A request that cannot be passed on, by this policy.
class FlowRefused : public Playbook
{
protected:
    std::string gets(std::string const& text)
    {
        start(WhenUnruled::Deny, kOpen);
        flow = open("rest.test", 80);
        says(flow, text);
        EXPECT_TRUE(side(flow).is_finished);
        EXPECT_FALSE(one<Resolve>());
        return side(flow).out;
    }
    FlowId flow = 0;
};

TEST_F(FlowRefused, AProgramReadsJson)
{
    auto const out = gets("GET /x HTTP/1.1\r\nHost: rest.test\r\nHost: rest.test\r\n\r\n");
    EXPECT_TRUE(out.starts_with("HTTP/1.1 400 ")) << out;
    EXPECT_NE(out.find("{\"error\":\"bad_request\",\"detail\":\"osh: the request was refused: "),
        std::string::npos)
        << out;
    EXPECT_TRUE(journalled("bad_request"));
}

TEST_F(FlowRefused, ABrowserReadsAPage)
{
    auto const out = gets("GET /x HTTP/1.1\r\nHost: rest.test\r\nAccept: text/html,*/*\r\n"
                          "Transfer-Encoding: gzip\r\n\r\n");
    EXPECT_TRUE(out.starts_with("HTTP/1.1 400 ") || out.starts_with("HTTP/1.1 501 ")) << out;
    EXPECT_NE(
        out.find("<h1>Request refused</h1><p>osh: the request was refused: "), std::string::npos)
        << out;
}

TEST_F(FlowRefused, SoItDoesOfAHeadThatNeverEnds)
{
    auto const out = gets("GET /x HTTP/1.1\r\nAccept: text/html\r\nX: " + std::string(70000, 'x'));
    EXPECT_TRUE(out.starts_with("HTTP/1.1 431 ")) << out;
    EXPECT_NE(out.find("<h1>Request refused</h1>"), std::string::npos) << out;
}

TEST_F(FlowRefused, ACallOfGrpcReadsAStatus)
{
    auto const out = gets("POST /s/M HTTP/1.1\r\nHost: rest.test\r\nHost: other.test\r\n"
                          "Content-Type: application/grpc+proto\r\nContent-Length: 5\r\n\r\n");
    EXPECT_TRUE(out.starts_with("HTTP/1.1 200 ")) << out;
    EXPECT_NE(out.find("Content-Type: application/grpc+proto\r\n"), std::string::npos) << out;
    EXPECT_NE(out.find("grpc-status: 13\r\n"), std::string::npos) << out;
}

TEST_F(FlowRefused, GitReadsALine)
{
    auto const fields = std::string("User-Agent: git/2.39\r\nHost: rest.test\r\nX : y\r\n\r\n");
    auto const refs = gets("GET /r.git/info/refs?service=git-upload-pack HTTP/1.1\r\n" + fields);
    EXPECT_TRUE(refs.starts_with("HTTP/1.1 400 ")) << refs;
    EXPECT_NE(refs.find("Content-Type: text/plain\r\n"), std::string::npos) << refs;
    EXPECT_NE(refs.find("\r\n\r\nosh: the request was refused: "), std::string::npos) << refs;
    auto const pack = gets("POST /r.git/git-upload-pack HTTP/1.1\r\n" + fields);
    EXPECT_NE(pack.find("ERR osh: the request was refused: "), std::string::npos) << pack;
}

// A 200 would tell it that a tunnel is open, and what cannot be shown does not come back.
TEST_F(FlowRefused, NothingOpensATunnelOrIsEchoedRaw)
{
    auto const tunnel = gets("CONNECT rest.test:443 HTTP/1.1\r\nHost: rest.test:443\r\n"
                             "Content-Type: application/grpc\r\n\r\n");
    EXPECT_TRUE(tunnel.starts_with("HTTP/1.1 501 ")) << tunnel;
    auto const split = gets("GET /x HTTP/1.1\r\nHost: rest.test\r\nHost: rest.test\r\n"
                            "Content-Type: application/grpc\rX-Evil: yes\r\n\r\n");
    EXPECT_EQ(split.find("X-Evil"), std::string::npos) << split;
}

TEST_F(FlowRefused, ABodyThatBreaksIsToldInTheFormOfItsHead)
{
    start(WhenUnruled::Deny, kOpen);
    flow = open("rest.test", 80);
    says(flow, "POST /r.git/git-receive-pack HTTP/1.1\r\nHost: rest.test\r\nUser-Agent: git/2.39"
               "\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n");
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 200 ")) << side(flow).out;
    EXPECT_NE(side(flow).out.find("osh: the request was refused: "), std::string::npos);
    EXPECT_TRUE(side(flow).is_finished);
}

TEST_F(FlowRefused, StreamsOfHttp2AreToldEachInItsForm)
{
    proxy::TestPeer client;
    start(WhenUnruled::Deny, kOpen);
    flow = open("rest.test", 80);
    auto const asks = [&](std::string const& name, std::string const& value) {
        auto const id = client.asks("TRACE", "rest.test", "/x", {{name, value}, {"x", "y"}});
        for (int round = 0; round < 10; ++round) {
            says(flow, client.output());
            client.hears(std::exchange(side(flow).out, {}));
        }
        return client.replies[id];
    };
    auto const page = asks("accept", "text/html");
    EXPECT_EQ(page.status(), "501");
    EXPECT_NE(page.body.find("<h1>Request refused</h1>"), std::string::npos);
    auto const call = asks("content-type", "application/grpc");
    EXPECT_EQ(call.status(), "200");
    EXPECT_EQ(call.field("grpc-status"), "12");
    auto const json = asks("accept", "*/*");
    EXPECT_EQ(json.status(), "501");
    EXPECT_NE(json.body.find("\"error\":\"bad_request\""), std::string::npos);
    EXPECT_TRUE(journalled("bad_request"));
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowUpstream, WhatCanBeAskedForAgainIsSaidToBe)
{
    start();
    flow = open("rest.test", 80);
    says(flow, "GET /ok/1 HTTP/1.1\r\nHost: rest.test\r\n\r\n");
    replies(connects(), "HTTP/3 200\r\n\r\n");
    EXPECT_NE(side(flow).out.find("\"retry\":true"), std::string::npos) << side(flow).out;
}

TEST_F(FlowUpstream, AnAnswerThatHasBegunIsCut)
{
    auto const out = gets("Accept: text/html\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nh");
    EXPECT_TRUE(out.ends_with("\r\n\r\nh")) << out;
    EXPECT_TRUE(side(flow).is_reset);
}

TEST_F(FlowUpstream, StreamsOfHttp2AreToldEachInItsForm)
{
    proxy::TestPeer client;
    start();
    flow = open("rest.test", 80);
    auto const moves = [&] {
        for (int round = 0; round < 10; ++round) {
            says(flow, client.output());
            client.hears(std::exchange(side(flow).out, {}));
            core->handle(stack::TcpWritable{flow}, at);
        }
    };
    auto const page = client.asks("GET", "rest.test", "/ok/a", {{"accept", "text/html"}});
    auto const call =
        client.asks("GET", "rest.test", "/ok/b", {{"content-type", "application/grpc"}});
    auto const git =
        client.asks("GET", "rest.test", "/ok/r/info/refs", {{"user-agent", "git/2.39"}});
    moves();
    while (auto const upstream = connects()) {
        core->sent_upstream(upstream, upstream_text(upstream).size(), at);
        replies(upstream, "HTTP/1.1 200 OK\r\nX : malformed\r\n\r\n");
        moves();
    }
    EXPECT_EQ(client.replies[page].status(), "502");
    EXPECT_NE(client.replies[page].body.find("<h1>Not available</h1>"), std::string::npos);
    EXPECT_EQ(client.replies[call].status(), "200");
    EXPECT_EQ(client.replies[call].field("grpc-status"), "14");
    EXPECT_TRUE(client.replies[call].is_complete);
    EXPECT_EQ(client.replies[git].status(), "502");
    EXPECT_TRUE(client.replies[git].body.starts_with("osh: the server of rest.test is at fault: "));
    EXPECT_EQ(core->flow_count(), 1u); // the connection goes on
}

} // namespace
} // namespace osh::netproxy::core::test
