#pragma once
// HTTP/2 on both sides, over real TLS: an agent whose connection carries streams, and the servers
// that the core dials, of either version of HTTP.
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
    explicit Peer(Http2Role role, proxy::Http2Limits const& limits = {}) : http2(role, limits)
    {
        http2.scheme = "https";
    }

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
        auto& server = servers.try_emplace(id, Http2Role::Server, server_limits).first->second;
        server.tls = *agent_tls->accept("rest.test", at.wall, offers);
        moves();
        return id;
    }
    // The same, of a server that chooses HTTP/2 and then says nothing of it.
    UpstreamId accepts_and_is_silent()
    {
        auto const id = connects();
        auto tls = *agent_tls->accept("rest.test", at.wall, HttpVersions::Both);
        for (int round = 0; round < 10; ++round) {
            auto const sent = upstream_text(id);
            core->sent_upstream(id, sent.size(), at);
            tls->receive(bytes_of(sent));
            std::string const back(text_of(tls->output()));
            tls->consume_output(back.size());
            if (!back.empty())
                replies(id, back);
        }
        EXPECT_EQ(tls->alpn(), "h2");
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
    // The agent reads nothing any more, and there is more to say to it than is kept for it.
    void stops_reading()
    {
        agent.space.clear();
        for (int count = 0; count < 90; ++count)
            client.http2.asks("GET", "other.test", "/", {{"accept", "text/html"}}); // a 421 each
        moves();
    }
    void reads_again()
    {
        agent.space.resize(16 * 1024);
        for (int round = 0; round < 3; ++round)
            moves();
    }
    proxy::Reply& reply(StreamId id) { return client.http2.replies[id]; }
    proxy::Reply& asked(UpstreamId upstream, StreamId id)
    {
        return servers.at(upstream).http2.replies[id];
    }

    std::unique_ptr<proxy::UpstreamTls> outside;
    proxy::Http2Limits server_limits;
    Peer client{Http2Role::Client};
    std::map<UpstreamId, Peer> servers;
    FlowId flow = 0;
};

} // namespace osh::netproxy::core::test
