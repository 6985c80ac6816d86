// An agent of HTTP/1.1 at a server of HTTP/2: the same request, the same answer, in other frames.
#include "netproxy/proxy/http1_body.h"

#include "tests/netproxy/proxy/http1_playbook.h"
#include "tests/netproxy/proxy/http2_playbook.h"

namespace osh::netproxy::proxy
{
namespace
{

class BridgeToHttp2 : public ::testing::Test
{
protected:
    void says(std::string_view text)
    {
        auto bytes = bytes_of(text);
        while (!bytes.empty()) {
            auto const taken = http.agent_bytes(bytes);
            if (http.waiting() != nullptr)
                forward_as_is(http);
            else if (taken == 0)
                return;
            bytes = bytes.subspan(taken);
            if (is_open)
                moves();
        }
    }
    void opens()
    {
        http.speak_http2();
        is_open = true;
        moves();
    }
    void moves()
    {
        for (int round = 0; round < 20; ++round) {
            server.hears(taken_to_upstream(http));
            auto const back = server.output();
            if (back.empty() && round > 1)
                return;
            http.upstream_bytes(bytes_of(back));
        }
    }
    void answers(StreamId id, std::vector<HttpField> fields, std::string_view body)
    {
        server.session->answer(id, fields, Ends::No);
        server.says(id, body, Ends::Yes);
        moves();
    }
    Reply& asked(StreamId id) { return server.replies[id]; }

    Http1Connection http;
    TestPeer server{Http2Role::Server};
    bool is_open = false;
};

constexpr std::string_view kGet = "GET /a?b=c HTTP/1.1\r\nHost: a.test\r\nX-One: 1\r\n\r\n";

TEST_F(BridgeToHttp2, AGetAndItsAnswer)
{
    says(kGet);
    opens();
    EXPECT_EQ(asked(1).field(":method"), "GET");
    EXPECT_EQ(asked(1).field(":path"), "/a?b=c");
    EXPECT_EQ(asked(1).field(":authority"), "a.test");
    EXPECT_EQ(asked(1).field(":scheme"), "https");
    EXPECT_EQ(asked(1).field("x-one"), "1");
    EXPECT_TRUE(asked(1).is_complete);
    answers(1, {{":status", "200"}, {"content-length", "2"}, {"x-two", "2"}}, "hi");
    EXPECT_EQ(taken_to_agent(http), "HTTP/1.1 200 \r\nx-two: 2\r\nContent-Length: 2\r\n\r\nhi");
}

TEST_F(BridgeToHttp2, OneConnectionServesRequestAfterRequest)
{
    says(kGet);
    opens();
    answers(1, {{":status", "200"}}, "one");
    EXPECT_TRUE(taken_to_agent(http).ends_with("\r\n\r\n3\r\none\r\n0\r\n\r\n"));
    EXPECT_TRUE(http.upstream_is_reusable());
    says(kGet);
    moves();
    answers(3, {{":status", "204"}}, "");
    EXPECT_TRUE(taken_to_agent(http).starts_with("HTTP/1.1 204 "));
    EXPECT_TRUE(http.upstream_is_reusable());
}

TEST_F(BridgeToHttp2, WhatCameOfABodyBeforeTheConnectionOpenedGoesFirst)
{
    says("POST /p HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n");
    opens();
    EXPECT_EQ(asked(1).body, "one");
    EXPECT_FALSE(asked(1).is_complete);
    says("3\r\ntwo\r\n0\r\nX-Sum: 7\r\nHost: b.test\r\n\r\n");
    EXPECT_EQ(asked(1).body, "onetwo");
    ASSERT_EQ(asked(1).trailers.size(), 1u);
    EXPECT_EQ(asked(1).trailers[0].name, "x-sum");
    EXPECT_TRUE(asked(1).is_complete);
}

TEST_F(BridgeToHttp2, TrailersOfTheMostBytesAreTakenBackWhole)
{
    std::string const name = "a:";
    std::string const value(kMaxTrailers - name.size() - 4, 'x'); // two line ends count as well
    says("POST /p HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" + name
         + value + "\r\n\r\n");
    opens();
    ASSERT_EQ(asked(1).trailers.size(), 1u) << http.refusal();
    EXPECT_EQ(asked(1).trailers[0].value, value);
}

TEST_F(BridgeToHttp2, AWholeBodyWithALengthKeepsIt)
{
    says("POST /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\nabc");
    opens();
    EXPECT_EQ(asked(1).field("content-length"), "3");
    EXPECT_EQ(asked(1).body, "abc");
    EXPECT_TRUE(asked(1).is_complete);
}

TEST_F(BridgeToHttp2, TrailersOfTheAnswerFollowItsLastChunk)
{
    says(kGet);
    opens();
    server.trailing[1] = {{"grpc-status", "0"}, {"set-cookie", "a"}};
    answers(1, {{":status", "200"}}, "hi");
    EXPECT_TRUE(taken_to_agent(http).ends_with("\r\n2\r\nhi\r\n0\r\ngrpc-status: 0\r\n\r\n"));
}

TEST_F(BridgeToHttp2, AResetBeforeTheAnswerIsA502)
{
    says(kGet);
    opens();
    server.session->reset(1, Http2Error::Internal);
    moves();
    EXPECT_TRUE(taken_to_agent(http).starts_with("HTTP/1.1 502 "));
    EXPECT_FALSE(http.upstream_is_reusable());
}

TEST_F(BridgeToHttp2, AResetInTheAnswerCutsIt)
{
    says(kGet);
    opens();
    server.session->answer(1, {{":status", "200"}}, Ends::No);
    server.says(1, "half");
    moves();
    server.session->reset(1, Http2Error::Internal);
    moves();
    EXPECT_TRUE(http.was_cut());
}

TEST_F(BridgeToHttp2, AnEndOfTheConnectionIsNoAnswer)
{
    says(kGet);
    opens();
    EXPECT_TRUE(http.may_send_again());
    http.upstream_ended(true);
    EXPECT_TRUE(taken_to_agent(http).starts_with("HTTP/1.1 502 "));
}

TEST_F(BridgeToHttp2, WhatIsNoHttp2IsA502)
{
    says(kGet);
    http.speak_http2();
    taken_to_upstream(http);
    http.upstream_bytes(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
    taken_to_upstream(http); // our GOAWAY
    http.upstream_bytes({});
    EXPECT_TRUE(taken_to_agent(http).starts_with("HTTP/1.1 502 "));
}

TEST_F(BridgeToHttp2, TheNextConnectionBeginsWithHttp1)
{
    says(kGet);
    opens();
    http.upstream_is_gone();
    http.send_again();
    EXPECT_TRUE(taken_to_upstream(http).starts_with("GET /a?b=c HTTP/1.1\r\n"));
}

TEST_F(BridgeToHttp2, ASlowAgentStopsTheReading)
{
    says(kGet);
    opens();
    server.session->answer(1, {{":status", "200"}}, Ends::No);
    server.says(1, std::string(1'000'000, 'x'));
    for (int i = 0; i < 100; ++i) {
        server.hears(taken_to_upstream(http));
        std::string const frames = server.output();
        if (http.upstream_bytes(bytes_of(frames)) < frames.size())
            return; // the rest stays outside
    }
    FAIL() << http.to_agent().size();
}

constexpr std::string_view kSocket =
    "GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

TEST_F(BridgeToHttp2, AWebSocketIsAskedForOnceTheServerSaysThatItTakesIt)
{
    says(kSocket);
    http.speak_http2();
    EXPECT_EQ(taken_to_upstream(http).find("/ws"), std::string::npos) << "no SETTINGS came yet";
    TestPeer fresh(Http2Role::Server);
    http.upstream_bytes(bytes_of(fresh.output()));
    fresh.hears("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + std::string("\0\0\0\4\0\0\0\0\0", 9)
                + taken_to_upstream(http));
    EXPECT_EQ(fresh.replies[1].field(":method"), "CONNECT");
    EXPECT_EQ(fresh.replies[1].field(":protocol"), "websocket");
    EXPECT_EQ(fresh.replies[1].field(":path"), "/ws");
    EXPECT_EQ(fresh.replies[1].field("sec-websocket-key"), "");
}

TEST_F(BridgeToHttp2, AWebSocketGetsTheAcceptOfItsKey)
{
    says(kSocket);
    opens();
    server.session->answer(1, {{":status", "200"}, {"sec-websocket-protocol", "chat"}}, Ends::No);
    server.says(1, "hello");
    moves();
    auto const answer = taken_to_agent(http);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 101 Switching Protocols\r\n")) << answer;
    EXPECT_NE(
        answer.find("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"), std::string::npos);
    EXPECT_NE(answer.find("sec-websocket-protocol: chat\r\n"), std::string::npos);
    EXPECT_TRUE(answer.ends_with("\r\n\r\nhello"));
    says("any bytes");
    EXPECT_EQ(asked(1).body, "any bytes");
    EXPECT_FALSE(asked(1).is_complete);
    http.agent_ended();
    moves();
    EXPECT_TRUE(asked(1).is_complete);
    EXPECT_EQ(asked(1).error, Http2Error::NoError);
}

TEST_F(BridgeToHttp2, TheServersEndOrResetEndsTheWebSocket)
{
    says(kSocket);
    opens();
    server.session->answer(1, {{":status", "200"}}, Ends::No);
    server.says(1, "bye", Ends::Yes);
    moves();
    EXPECT_TRUE(taken_to_agent(http).ends_with("bye"));
    EXPECT_TRUE(http.is_finished());
    EXPECT_FALSE(http.was_cut());
}

TEST_F(BridgeToHttp2, AResetOfTheWebSocketIsACut)
{
    says(kSocket);
    opens();
    server.session->answer(1, {{":status", "200"}}, Ends::No);
    moves();
    server.session->reset(1, Http2Error::Cancel);
    moves();
    EXPECT_TRUE(http.is_finished());
    EXPECT_TRUE(http.was_cut());
}

TEST_F(BridgeToHttp2, AnAnswerThatOpensNoWebSocketIsAnAnswer)
{
    says(kSocket);
    opens();
    answers(1, {{":status", "403"}, {"content-length", "2"}}, "no");
    auto const answer = taken_to_agent(http);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 403 ")) << answer;
    EXPECT_TRUE(answer.ends_with("\r\n\r\nno"));
}

TEST_F(BridgeToHttp2, AfterARefusedHandshakeTheConnectionIsNotKept)
{
    says(kSocket);
    opens();
    server.session->answer(1, {{":status", "403"}, {"content-length", "0"}}, Ends::Yes);
    moves();
    EXPECT_FALSE(http.upstream_is_reusable());
    EXPECT_TRUE(asked(1).is_closed) << "our half of it too";
}

TEST_F(BridgeToHttp2, AHandshakeThatWasGivenUpIsNotSentLater)
{
    says(kSocket);
    http.speak_http2();
    server.hears(taken_to_upstream(http));
    http.fail_with(json_error(502, "upstream_unreachable", "it took too long"));
    http.upstream_bytes(bytes_of(server.output()));
    server.hears(taken_to_upstream(http));
    EXPECT_FALSE(server.replies.contains(1));
}

TEST_F(BridgeToHttp2, AServerThatTakesNoWebSocketIsA502InWords)
{
    Http2Limits none;
    none.takes_sockets = false;
    TestPeer mute(Http2Role::Server, none);
    says(kSocket);
    http.speak_http2();
    http.upstream_bytes(bytes_of(mute.output()));
    auto const answer = taken_to_agent(http);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
    EXPECT_NE(answer.find("speaks HTTP/2 only, and takes no WebSocket"), std::string::npos);
}

} // namespace
} // namespace osh::netproxy::proxy
