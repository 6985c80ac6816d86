// HTTP/2 on both sides, over real TLS: streams of the agent share a connection to the upstream.
#include "tests/netproxy/core/playbook.h"
#include "tests/netproxy/proxy/http2_playbook.h"

namespace osh::netproxy::core::test
{

using proxy::Ends;
using proxy::Http2Error;
using proxy::Http2Role;
using proxy::HttpField;
using proxy::HttpVersions;
using proxy::StreamId;
using proxy::TestPeer;
using proxy::TlsSession;

// One TLS connection with HTTP/2 in it, as the world sees it.
struct Peer {
    explicit Peer(Http2Role role) : http2(role) { http2.scheme = "https"; }

    // Feeds what came, returns what goes.
    std::string exchange(std::string_view in)
    {
        auto bytes = bytes_of(in);
        std::string out;
        do {
            bytes = bytes.subspan(tls->receive(bytes));
            std::array<std::byte, 4096> plain{};
            while (auto const count = tls->read(plain))
                http2.hears(text_of(Bytes(plain).first(count)));
            if (tls->state() == proxy::TlsState::Open && tls->alpn() == "h2") {
                unsent += http2.output();
                unsent.erase(0, tls->write(bytes_of(unsent)));
            }
            out += text_of(tls->output());
            tls->consume_output(tls->output().size());
        } while (!bytes.empty());
        return out;
    }

    TestPeer http2;
    std::string unsent; // frames that TLS had no room for
    std::unique_ptr<TlsSession> tls;
};

class FlowLinks : public Playbook
{
protected:
    void connects_agent(WhenUnruled when = WhenUnruled::Deny)
    {
        start(when);
        outside = *proxy::UpstreamTls::create(agent_tls->ca_pem());
        flow = open_agent(client);
    }
    FlowId open_agent(Peer& agent_peer)
    {
        auto const id = open("rest.test", 443);
        agent_peer.tls = *outside->connect({"rest.test", 443, HttpVersions::Both}, at.wall);
        moves(id, agent_peer);
        return id;
    }
    void moves(FlowId id, Peer& agent_peer)
    {
        for (int round = 0; round < 60; ++round) {
            auto const back = std::exchange(side(id).out, {});
            auto const sent = agent_peer.exchange(back);
            if (!sent.empty())
                says(id, sent);
            else
                core->handle(stack::TcpWritable{id}, at);
            if (sent.empty() && back.empty())
                return;
        }
    }
    // Agent, core and every connected upstream until nothing moves.
    void moves()
    {
        for (int round = 0; round < 20; ++round) {
            moves(flow, client);
            if (!moves_upstreams())
                break;
        }
    }
    bool moves_upstreams()
    {
        bool moved = false;
        for (auto& [id, server] : servers) {
            auto const sent = upstream_text(id);
            core->sent_upstream(id, sent.size(), at);
            auto const back = server.exchange(sent);
            for (std::size_t done = 0; done < back.size();) {
                auto const space = core->upstream_space(id);
                auto const count = std::min(space.size(), back.size() - done);
                if (count == 0)
                    break;
                std::memcpy(space.data(), back.data() + done, count);
                core->received_from_upstream(id, count, at);
                done += count;
            }
            moved = moved || !sent.empty() || !back.empty();
        }
        return moved;
    }
    // The upstream that the core now dials; it speaks what `offers` says.
    UpstreamId accepts(HttpVersions offers = HttpVersions::Both)
    {
        auto const id = connects();
        if (id == 0)
            return 0;
        auto& server = servers.try_emplace(id, Http2Role::Server).first->second;
        server.tls = *agent_tls->accept("rest.test", at.wall, offers);
        moves();
        return id;
    }
    StreamId gets(std::string const& path)
    {
        auto const id = client.http2.asks("GET", "rest.test", path);
        moves();
        return id;
    }
    void answers(UpstreamId upstream, StreamId stream, std::string_view body)
    {
        auto& server = servers.at(upstream).http2;
        server.session->answer(stream, {{":status", "200"}, {"x-from", "h2"}}, Ends::No);
        server.says(stream, body, Ends::Yes);
        moves();
    }
    proxy::Reply& reply(StreamId id) { return client.http2.replies[id]; }
    proxy::Reply& asked(UpstreamId upstream, StreamId id)
    {
        return servers.at(upstream).http2.replies[id];
    }

    std::unique_ptr<proxy::UpstreamTls> outside;
    Peer client{Http2Role::Client};
    std::map<UpstreamId, Peer> servers;
    FlowId flow = 0;
};

TEST_F(FlowLinks, ARequestTravelsOverHttp2WhereTheServerSpeaksIt)
{
    connects_agent();
    auto const id = gets("/ok/a?b=c");
    auto const upstream = accepts();
    ASSERT_NE(upstream, 0u);
    auto const& request = asked(upstream, 1);
    EXPECT_EQ(request.field(":path"), "/ok/a?b=c");
    EXPECT_EQ(request.field(":authority"), "rest.test");
    EXPECT_EQ(request.field(":scheme"), "https");
    EXPECT_TRUE(request.is_complete);
    answers(upstream, 1, "hello");
    EXPECT_EQ(reply(id).status(), "200");
    EXPECT_EQ(reply(id).field("x-from"), "h2");
    EXPECT_EQ(reply(id).body, "hello");
    EXPECT_TRUE(reply(id).is_complete);
}

TEST_F(FlowLinks, AServerThatNeverAnswersTheHandshakeIsA502AfterAMinute)
{
    connects_agent();
    auto const id = gets("/ok/a");
    auto const upstream = connects();
    EXPECT_FALSE(upstream_text(upstream).empty()) << "a ClientHello";
    later(kConnectTimeout - 1s);
    moves();
    EXPECT_EQ(reply(id).status(), "");
    later(1s);
    moves();
    EXPECT_EQ(reply(id).status(), "502");
    EXPECT_NE(reply(id).body.find("connecting took too long"), std::string::npos);
}

TEST_F(FlowLinks, EventsOfAStreamMayBeADayApart)
{
    connects_agent();
    auto const id = gets("/ok/a");
    auto const upstream = accepts();
    auto& server = servers.at(upstream).http2;
    server.session->answer(1, {{":status", "200"}}, Ends::No);
    for (char const* const event : {"one ", "two ", "three"}) {
        later(24h);
        server.says(1, event, Ends::No);
        moves();
    }
    EXPECT_EQ(reply(id).body, "one two three");
    EXPECT_FALSE(reply(id).is_complete);
}

TEST_F(FlowLinks, StreamsShareOneConnection)
{
    connects_agent();
    auto const first = gets("/ok/a");
    auto const second = gets("/ok/b"); // waits for the connection that the first one makes
    auto const upstream = accepts();
    EXPECT_FALSE(one<Resolve>());
    auto const third = gets("/ok/c");
    EXPECT_FALSE(one<Resolve>());
    answers(upstream, 1, "1");
    answers(upstream, 3, "2");
    answers(upstream, 5, "3");
    EXPECT_EQ(reply(first).body + reply(second).body + reply(third).body, "123");
}

TEST_F(FlowLinks, AServerThatSpeaksHttp1OnlyGetsAConnectionForEach)
{
    connects_agent();
    auto const first = gets("/ok/a");
    gets("/ok/b");
    auto const id = connects();
    auto server = *agent_tls->accept("rest.test", at.wall, HttpVersions::Only1);
    for (int round = 0; round < 10; ++round) {
        auto const sent = upstream_text(id);
        core->sent_upstream(id, sent.size(), at);
        server->receive(bytes_of(sent));
        std::string const back(text_of(server->output()));
        server->consume_output(back.size());
        if (!back.empty())
            replies(id, back);
    }
    std::array<std::byte, 4096> plain{};
    auto const request = std::string(text_of(Bytes(plain).first(server->read(plain))));
    EXPECT_TRUE(request.starts_with("GET /ok/a HTTP/1.1\r\nHost: rest.test\r\n"));
    EXPECT_TRUE(one<Resolve>()) << "the second one makes its own connection";
    server->write(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"));
    replies(id, text_of(server->output()));
    moves(flow, client);
    EXPECT_EQ(reply(first).body, "hi");
}

TEST_F(FlowLinks, ABodyAndTrailersTravelBothWays)
{
    connects_agent();
    auto const id = client.http2.begins("GET", "rest.test", "/ok/rpc", {{"te", "trailers"}});
    moves();
    auto const upstream = accepts();
    EXPECT_EQ(asked(upstream, 1).field("te"), "trailers");
    client.http2.says(id, "one");
    moves();
    EXPECT_EQ(asked(upstream, 1).body, "one");
    auto& server = servers.at(upstream).http2;
    server.session->answer(1, {{":status", "200"}}, Ends::No);
    server.says(1, "echo");
    moves();
    EXPECT_EQ(reply(id).body, "echo") << "while the request goes on";
    client.http2.says(id, "two", Ends::Yes);
    moves();
    EXPECT_EQ(asked(upstream, 1).body, "onetwo");
    EXPECT_TRUE(asked(upstream, 1).is_complete);
    server.trailing[1] = {{"grpc-status", "0"}};
    server.says(1, "", Ends::Yes);
    moves();
    ASSERT_EQ(reply(id).trailers.size(), 1u);
    EXPECT_EQ(reply(id).trailers[0].name, "grpc-status");
    EXPECT_TRUE(reply(id).is_complete);
}

TEST_F(FlowLinks, ARefusedStreamIsSentAgainOnce)
{
    connects_agent();
    auto const id = gets("/ok/a");
    auto const upstream = accepts();
    servers.at(upstream).http2.session->reset(1, Http2Error::RefusedStream);
    moves();
    EXPECT_EQ(asked(upstream, 3).field(":path"), "/ok/a");
    answers(upstream, 3, "again");
    EXPECT_EQ(reply(id).body, "again");
}

TEST_F(FlowLinks, AStreamThatIsRefusedTwiceIsA502)
{
    connects_agent();
    auto const id = gets("/ok/a");
    auto const upstream = accepts();
    servers.at(upstream).http2.session->reset(1, Http2Error::RefusedStream);
    moves();
    servers.at(upstream).http2.session->reset(3, Http2Error::RefusedStream);
    moves();
    EXPECT_EQ(reply(id).status(), "502");
}

TEST_F(FlowLinks, AfterGoAwayTheNextStreamMakesANewConnection)
{
    connects_agent();
    auto const first = gets("/ok/a");
    auto const upstream = accepts();
    servers.at(upstream).http2.session->go_away(Http2Error::NoError);
    moves();
    gets("/ok/b");
    EXPECT_TRUE(one<Resolve>());
    answers(upstream, 1, "still");
    EXPECT_EQ(reply(first).body, "still");
}

TEST_F(FlowLinks, AConnectionThatDiesSendsAGetAgain)
{
    connects_agent();
    gets("/ok/a");
    auto const upstream = accepts();
    core->upstream_ended(upstream, Ending::Reset, at);
    EXPECT_TRUE(one<Resolve>());
}

TEST_F(FlowLinks, AResetOfTheAgentReachesTheUpstream)
{
    connects_agent();
    auto const id = gets("/ok/a");
    auto const upstream = accepts();
    client.http2.session->reset(id, Http2Error::Cancel);
    moves();
    EXPECT_TRUE(asked(upstream, 1).is_closed);
    EXPECT_EQ(asked(upstream, 1).error, Http2Error::Cancel);
}

TEST_F(FlowLinks, TheAgentsEndReachesTheUpstream)
{
    connects_agent();
    gets("/ok/a");
    auto const upstream = accepts();
    core->handle(stack::TcpClosed{flow, true}, at);
    moves_upstreams();
    EXPECT_TRUE(asked(upstream, 1).is_closed);
    EXPECT_EQ(core->flow_count(), 0u);
}

TEST_F(FlowLinks, AnUpstreamsResetReachesTheAgent)
{
    connects_agent();
    auto const id = gets("/ok/a");
    auto const upstream = accepts();
    auto& server = servers.at(upstream).http2;
    server.session->answer(1, {{":status", "200"}}, Ends::No);
    server.says(1, "half");
    moves();
    server.session->reset(1, Http2Error::Cancel);
    moves();
    EXPECT_EQ(reply(id).body, "half");
    EXPECT_TRUE(reply(id).is_closed);
    EXPECT_EQ(reply(id).error, Http2Error::Cancel);
}

TEST_F(FlowLinks, AnIdleConnectionIsClosedAfterAMinute)
{
    connects_agent();
    gets("/ok/a");
    auto const upstream = accepts();
    answers(upstream, 1, "x");
    commands.clear();
    later(kLinkKeepFor);
    auto const close = one<CloseUpstream>();
    ASSERT_TRUE(close);
    EXPECT_EQ(close->upstream, upstream);
    gets("/ok/b");
    EXPECT_TRUE(one<Resolve>());
}

TEST_F(FlowLinks, ASlowAgentStopsTheUpstreamsStreamOnly)
{
    connects_agent();
    client.http2.reads = false;
    auto const slow = gets("/ok/big");
    auto const upstream = accepts();
    auto& server = servers.at(upstream).http2;
    server.session->answer(1, {{":status", "200"}}, Ends::No);
    server.says(1, std::string(2'000'000, 'x'));
    moves();
    auto const left = server.replies[1].to_send.size();
    EXPECT_GT(left, 1'500'000u);
    client.http2.reads = true;
    auto const quick = gets("/ok/b");
    answers(upstream, 3, "quick");
    EXPECT_EQ(reply(quick).body, "quick");
    client.http2.session->consumed(slow, reply(slow).body.size());
    moves();
    EXPECT_LT(server.replies[1].to_send.size(), left);
}

TEST_F(FlowLinks, AnotherProgramDoesNotShareTheConnection)
{
    connects_agent();
    gets("/ok/a");
    accepts();
    client.http2.asks("GET", "rest.test", "/ok/c");
    auto const other = syn_to("rest.test", 443);
    owned_by(other, {holder("/usr/bin/wget")});
    Peer wget{Http2Role::Client};
    wget.tls = *outside->connect({"rest.test", 443, HttpVersions::Both}, at.wall);
    moves(other, wget);
    auto const id = wget.http2.asks("GET", "rest.test", "/ok/a");
    moves(other, wget);
    EXPECT_EQ(wget.http2.replies[id].status(), "403") << "the rule names curl only";
    EXPECT_FALSE(one<Resolve>());
}

} // namespace osh::netproxy::core::test
