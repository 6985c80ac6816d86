// HTTP/2 from the agent: each stream is judged, asked about and ended by itself.
#include "tests/netproxy/core/playbook.h"
#include "tests/netproxy/proxy/http2_playbook.h"

namespace osh::netproxy::core::test
{

using proxy::Ends;
using proxy::Http2Error;
using proxy::StreamId;
using proxy::TestPeer;

class FlowStreams : public Playbook
{
protected:
    // An agent that speaks HTTP/2 at once, without TLS.
    void connects_agent(WhenUnruled when = WhenUnruled::Deny)
    {
        start(when);
        flow = open("rest.test", 80);
        moves();
    }
    // Bytes both ways until nothing moves.
    void moves()
    {
        for (int round = 0; round < 50; ++round) {
            auto const sent = client.output();
            if (!sent.empty())
                says(flow, sent);
            auto const back = std::exchange(side(flow).out, {});
            client.hears(back);
            if (sent.empty() && back.empty())
                return;
            if (back.empty())
                continue;
            core->handle(stack::TcpWritable{flow}, at);
        }
    }
    StreamId gets(std::string const& path)
    {
        auto const id = client.asks("GET", "rest.test", path);
        moves();
        return id;
    }
    proxy::Reply& reply(StreamId id) { return client.replies[id]; }

    TestPeer client;
    FlowId flow = 0;
};

TEST_F(FlowStreams, AnAllowedRequestTravelsOverHttp1AndItsAnswerComesBack)
{
    connects_agent();
    auto const id = gets("/ok/a?b=c");
    auto const upstream = connects();
    EXPECT_EQ(upstream_text(upstream), "GET /ok/a?b=c HTTP/1.1\r\nHost: rest.test\r\n\r\n");
    core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    replies(upstream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-One: 1\r\n\r\nhi");
    moves();
    EXPECT_EQ(reply(id).status(), "200");
    EXPECT_EQ(reply(id).field("x-one"), "1");
    EXPECT_EQ(reply(id).field("content-length"), "2");
    EXPECT_EQ(reply(id).body, "hi");
    EXPECT_TRUE(reply(id).is_complete);
    EXPECT_EQ(core->flow_count(), 1u); // the stream is over, the connection is not
}

TEST_F(FlowStreams, MoreThanAFewConnectionsToAServerOfHttp1WaitForTheirTurn)
{
    connects_agent();
    std::vector<StreamId> streams;
    for (std::size_t i = 0; i < kMaxOwnConnections + 2; ++i)
        streams.push_back(gets("/ok/" + std::to_string(i)));
    std::vector<UpstreamId> upstreams;
    while (auto const upstream = connects()) {
        upstreams.push_back(upstream);
        core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    }
    EXPECT_EQ(upstreams.size(), kMaxOwnConnections);
    // Whoever is first goes on over the connection that became free.
    replies(upstreams[3], "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    moves();
    EXPECT_EQ(reply(streams[3]).body, "hi");
    auto const next = upstream_text(upstreams[3]);
    EXPECT_TRUE(next.starts_with("GET /ok/16 HTTP/1.1\r\n")) << next;
    EXPECT_EQ(connects(), 0u);
    // An agent that gives up makes room as well; who waits and gives up takes none.
    client.session->reset(streams[0], Http2Error::Cancel);
    moves();
    EXPECT_TRUE(upstream_text(connects()).starts_with("GET /ok/17 HTTP/1.1\r\n"));
}

TEST_F(FlowStreams, WhoeverWaitsLongForATurnGetsOneConnectionMore)
{
    connects_agent();
    std::vector<StreamId> streams;
    for (std::size_t i = 0; i < kMaxOwnConnections + 3; ++i)
        streams.push_back(gets("/ok/" + std::to_string(i)));
    while (auto const upstream = connects())
        core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    at.now = at.now + (kTurnPatience - std::chrono::milliseconds(1));
    core->handle_time(at);
    EXPECT_EQ(connects(), 0u);
    at.now = at.now + std::chrono::milliseconds(1);
    core->handle_time(at);
    auto const upstream = connects();
    ASSERT_NE(upstream, 0u);
    EXPECT_TRUE(upstream_text(upstream).starts_with("GET /ok/16 HTTP/1.1\r\n"));
    core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    EXPECT_EQ(connects(), 0u); // the others wait for this one
    for (std::size_t i = 0; i < 3; ++i) {
        replies(upstream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        moves();
        EXPECT_EQ(reply(streams[kMaxOwnConnections + i]).body, "hi") << i;
        core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    }
    gets("/ok/last"); // at once: there is room for one more from now on
    auto const last = upstream_text(upstream);
    EXPECT_NE(last.find("GET /ok/last HTTP/1.1\r\n"), std::string::npos) << last;
}

TEST_F(FlowStreams, ADeniedRequestGetsTheSameWordsAsOverHttp1)
{
    connects_agent();
    auto const id = gets("/secret");
    EXPECT_EQ(reply(id).status(), "403");
    EXPECT_NE(reply(id).body.find("\"error\":\"policy_denied\""), std::string::npos);
    EXPECT_FALSE(one<Resolve>());
    auto const line = told<policy::Decided>();
    ASSERT_TRUE(line);
    EXPECT_EQ(line->decision, "deny");
    EXPECT_EQ(line->target.path, "/secret");
}

TEST_F(FlowStreams, OneDeniedStreamDoesNotHarmAnother)
{
    connects_agent();
    auto const good = client.asks("GET", "rest.test", "/ok/a");
    auto const bad = client.asks("POST", "rest.test", "/ok/a");
    moves();
    auto const upstream = connects();
    core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    replies(upstream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    moves();
    EXPECT_EQ(reply(good).status(), "200");
    EXPECT_EQ(reply(bad).status(), "403");
}

TEST_F(FlowStreams, AnotherAuthorityIsMisdirected)
{
    connects_agent();
    auto const id = client.asks("GET", "raw.test", "/ok/a");
    moves();
    EXPECT_EQ(reply(id).status(), "421");
    auto const line = told<policy::Decided>();
    ASSERT_TRUE(line);
    EXPECT_EQ(line->code, "name_mismatch");
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowStreams, AHeldStreamDoesNotHoldTheOthers)
{
    connects_agent(WhenUnruled::Ask);
    auto const held = gets("/secret");
    auto const question = told<policy::Question>();
    ASSERT_TRUE(question);
    auto const free = gets("/ok/a");
    auto const upstream = connects();
    core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    replies(upstream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    moves();
    EXPECT_EQ(reply(free).status(), "200");
    EXPECT_EQ(reply(held).status(), "");
    core->answered({question->id, true, "", "q-1"}, at);
    EXPECT_NE(upstream_text(upstream), ""); // on the connection that the other stream left
    EXPECT_EQ(upstream_text(upstream), "GET /secret HTTP/1.1\r\nHost: rest.test\r\n\r\n");
}

TEST_F(FlowStreams, AStreamThatTheAgentResetsTakesItsQuestionBack)
{
    connects_agent(WhenUnruled::Ask);
    auto const held = gets("/secret");
    auto const question = told<policy::Question>();
    ASSERT_TRUE(question);
    client.session->reset(held, Http2Error::Cancel);
    moves();
    auto const taken = told<policy::QuestionGone>();
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->id, question->id);
    EXPECT_EQ(core->flow_count(), 1u);
}

TEST_F(FlowStreams, ANewPolicyResetsTheStreamsItNoLongerAllows)
{
    connects_agent();
    auto const id = gets("/ok/a");
    connects();
    core->swap_policy(compiled("version: 1\nnetwork_policies: {}\n"), at);
    moves();
    EXPECT_TRUE(reply(id).is_closed);
    EXPECT_EQ(reply(id).error, Http2Error::Cancel);
    EXPECT_TRUE(one<CloseUpstream>());
}

TEST_F(FlowStreams, TheConnectionsEndEndsItsStreams)
{
    connects_agent();
    gets("/ok/a");
    auto const upstream = connects();
    core->handle(stack::TcpClosed{flow, true}, at);
    auto const close = one<CloseUpstream>();
    ASSERT_TRUE(close);
    EXPECT_EQ(close->upstream, upstream);
    EXPECT_EQ(core->flow_count(), 0u);
}

TEST_F(FlowStreams, AnUpstreamThatFailsIsA502OnItsStream)
{
    connects_agent();
    auto const id = gets("/ok/a");
    auto const look_up = one<Resolve>();
    ASSERT_TRUE(look_up);
    core->resolved(look_up->id, std::unexpected(Error{Errc::NotFound, 0, "no such name"}), at);
    moves();
    EXPECT_EQ(reply(id).status(), "502");
}

TEST_F(FlowStreams, ConnectIsRefused)
{
    connects_agent();
    auto const id = client.session->request(
        {{":method", "CONNECT"}, {":authority", "rest.test:443"}}, Ends::Yes);
    moves();
    EXPECT_TRUE(client.replies[id].status() == "501" || client.replies[id].is_closed);
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowStreams, AKeptConnectionThatDiedSendsTheRequestAgain)
{
    connects_agent();
    gets("/ok/a");
    auto const kept = connects();
    core->sent_upstream(kept, upstream_text(kept).size(), at);
    replies(kept, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    moves();
    auto const id = gets("/ok/b");
    EXPECT_NE(upstream_text(kept), "");
    core->sent_upstream(kept, upstream_text(kept).size(), at);
    core->upstream_ended(kept, Ending::Finish, at);
    auto const fresh = connects();
    ASSERT_NE(fresh, 0u);
    EXPECT_EQ(upstream_text(fresh), "GET /ok/b HTTP/1.1\r\nHost: rest.test\r\n\r\n");
    replies(fresh, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    moves();
    EXPECT_EQ(reply(id).body, "hi");
}

TEST_F(FlowStreams, ARequestBodyWaitsForItsUpstreamAndKeepsItsLength)
{
    start(WhenUnruled::Deny, R"(version: 1
network_policies:
  sites:
    endpoints:
      - { host: rest.test, ports: [80], protocol: rest, enforcement: enforce, access: full }
    binaries: [{ path: /usr/bin/curl }]
)");
    flow = open("rest.test", 80);
    moves();
    auto const id = client.begins("POST", "rest.test", "/x", {{"content-length", "6"}});
    client.says(id, "abc");
    moves();
    auto const upstream = connects();
    EXPECT_EQ(upstream_text(upstream),
        "POST /x HTTP/1.1\r\nHost: rest.test\r\nContent-Length: 6\r\n\r\nabc");
    core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    client.says(id, "def", Ends::Yes);
    moves();
    EXPECT_EQ(upstream_text(upstream), "def");
}

TEST_F(FlowStreams, TrailersTravelBothWaysOverHttp1)
{
    connects_agent();
    auto const id = client.begins("GET", "rest.test", "/ok/rpc",
        {{"te", "trailers"}, {"trailer", "x-sum, host"}, {"x-kept", "1"}});
    client.says(id, "one");
    moves();
    auto const upstream = connects();
    client.trailing[id] = {{"x-sum", "7"}, {"authorization", "a"}, {"x-kept", "2"}};
    client.says(id, "", Ends::Yes);
    moves();
    auto const sent = upstream_text(upstream);
    EXPECT_NE(sent.find("\r\nConnection: TE\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n"
                        "Trailer: x-sum\r\n\r\n3\r\none\r\n"),
        std::string::npos)
        << sent;
    EXPECT_TRUE(sent.ends_with("\r\n0\r\nx-sum: 7\r\n\r\n")) << sent;
    core->sent_upstream(upstream, sent.size(), at);
    replies(upstream,
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: Grpc-Status\r\n\r\n"
        "2\r\nhi\r\n0\r\nGrpc-Status: 0\r\nSet-Cookie: a\r\n\r\n");
    moves();
    EXPECT_EQ(reply(id).field("trailer"), "Grpc-Status");
    EXPECT_EQ(reply(id).body, "hi");
    ASSERT_EQ(reply(id).trailers.size(), 1u);
    EXPECT_EQ(reply(id).trailers[0].name, "grpc-status");
    EXPECT_TRUE(reply(id).is_complete);
}

TEST_F(FlowStreams, AnUploadIsHeldBackWhileItsUpstreamDoesNotRead)
{
    start(WhenUnruled::Audit);
    flow = open("rest.test", 80);
    moves();
    auto const id = client.begins("POST", "rest.test", "/ok/x");
    client.says(id, std::string(1'000'000, 'x'));
    moves();
    connects();
    moves();
    EXPECT_GT(reply(id).to_send.size(), 800'000u);
}

TEST_F(FlowStreams, AFloodEndsTheConnectionAndIsTold)
{
    connects_agent();
    std::string pings;
    for (int i = 0; i < 1200; ++i)
        pings += std::string("\0\0\x08\6\0\0\0\0\0", 9) + "12345678";
    says(flow, pings);
    moves();
    EXPECT_EQ(client.went_away, Http2Error::EnhanceYourCalm);
    EXPECT_TRUE(side(flow).is_finished);
    auto const line = told<policy::Decided>();
    ASSERT_TRUE(line);
    EXPECT_EQ(line->kind, "connect");
}

TEST_F(FlowStreams, AMalformedRequestIsTold)
{
    connects_agent();
    client.asks("GET", "rest.test", "/ok/a", {{"connection", "close"}});
    moves();
    auto const line = told<policy::Decided>();
    ASSERT_TRUE(line);
    EXPECT_EQ(line->code, "bad_request");
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowStreams, AnAnswerStreamsAsItComes)
{
    connects_agent();
    auto const id = gets("/ok/events");
    auto const upstream = connects();
    core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    replies(upstream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                      "Transfer-Encoding: chunked\r\n\r\n5\r\ndata:\r\n");
    moves();
    EXPECT_EQ(reply(id).body, "data:");
    EXPECT_FALSE(reply(id).is_complete);
    replies(upstream, "2\r\nhi\r\n0\r\n\r\n");
    moves();
    EXPECT_EQ(reply(id).body, "data:hi");
    EXPECT_TRUE(reply(id).is_complete);
}

TEST_F(FlowStreams, ASlowReaderStopsTheReadingOfTheUpstream)
{
    connects_agent();
    client.reads = false;
    auto const id = gets("/ok/big");
    auto const upstream = connects();
    core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    replies(upstream, "HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n");
    std::size_t fed = 0;
    while (core->wants_upstream(upstream) && fed < 10'000'000) {
        auto const space = core->upstream_space(upstream);
        if (space.empty())
            break;
        core->received_from_upstream(upstream, space.size(), at);
        fed += space.size();
        moves();
    }
    EXPECT_LT(fed, 400'000u);
    auto const before = reply(id).body.size();
    client.session->consumed(id, before);
    client.reads = true;
    moves();
    EXPECT_GT(reply(id).body.size(), before);
    EXPECT_TRUE(core->wants_upstream(upstream));
}

} // namespace osh::netproxy::core::test
