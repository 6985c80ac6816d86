#pragma once
// An agent of HTTP/2 that asks for WebSockets (RFC 8441), the stream it gets, and a server of
// HTTP/1.1 (as text) or of HTTP/2.
#include "netproxy/proxy/http2_server.h"
#include "netproxy/proxy/http2_upstream.h"

#include "tests/netproxy/proxy/http1_playbook.h"
#include "tests/netproxy/proxy/http2_playbook.h"

namespace osh::netproxy::proxy
{

inline constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
inline constexpr std::string_view kAccepted =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
    "Connection: Upgrade\r\nX-From: h1\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
inline constexpr MaskKey kMask{1, 2, 3, 4};

inline std::string frame(Opcode opcode, std::string_view text)
{
    std::string out;
    append_frame(out, opcode, text, &kMask);
    return out;
}

inline std::vector<HttpField> handshake(
    std::string protocol = "websocket", std::string path = "/talk")
{
    return {{":method", "CONNECT"}, {":protocol", std::move(protocol)}, {":scheme", "http"},
        {":authority", "a.test"}, {":path", std::move(path)}, {"sec-websocket-version", "13"}};
}

class SocketOverHttp2 : public ::testing::Test
{
protected:
    StreamId asks(std::vector<HttpField> const& block, Ends ends = Ends::No)
    {
        moves();
        auto const id = client.session->request(block, ends);
        client.replies[id];
        moves();
        return id;
    }
    // Whatever waits is allowed; where its messages go is the test's.
    void forwards(bool reads_messages = false, std::vector<std::string> secrets = {})
    {
        exchange = std::move(arrived.at(0));
        ASSERT_NE(exchange->waiting(), nullptr) << exchange->refusal();
        auto plan = plan_for(*exchange->waiting());
        plan.fields.push_back({"Sec-WebSocket-Key", std::string(kKey)});
        plan.reads_messages = reads_messages;
        for (auto const& secret : secrets)
            plan.scrub.add({secret, "[redacted]"});
        exchange->forward(std::move(plan));
    }
    std::string sent()
    {
        std::string text(text_of(exchange->to_upstream()));
        exchange->consume_to_upstream(text.size());
        return text;
    }
    // An open WebSocket towards a server of HTTP/1.1.
    StreamId opens(bool reads_messages = false, std::vector<std::string> secrets = {})
    {
        auto const id = asks(handshake());
        forwards(reads_messages, std::move(secrets));
        exchange->start_http1();
        head = sent();
        hears(kAccepted);
        return id;
    }
    // The same towards one of HTTP/2.
    StreamId opens_on_http2()
    {
        auto const id = asks(handshake());
        upstream = std::make_unique<Http2Upstream>();
        moves();
        forwards(true);
        EXPECT_TRUE(upstream->start(*exchange).ok());
        moves();
        far.session->answer(1, {{":status", "200"}}, Ends::No);
        moves();
        return id;
    }
    void hears(std::string_view text)
    {
        EXPECT_EQ(exchange->upstream_bytes(bytes_of(text)), text.size());
        moves();
    }
    void says(StreamId id, std::string_view text, Ends ends = Ends::No)
    {
        client.says(id, text, ends);
        moves();
    }
    void passes(std::string_view text)
    {
        ASSERT_NE(exchange->message(), nullptr);
        EXPECT_EQ(exchange->message()->text, text);
        exchange->pass_message(std::nullopt);
        moves();
    }
    void moves()
    {
        for (int round = 0; round < 10; ++round) {
            auto const in = client.output();
            for (auto bytes = bytes_of(in); !bytes.empty();) {
                bytes = bytes.subspan(server.agent_bytes(bytes));
                takes_output();
            }
            takes_output();
            for (auto& one : server.take_arrived()) {
                tell_fault(*one);
                arrived.push_back(std::move(one));
            }
            if (upstream)
                moves_upstream();
        }
    }
    void takes_output()
    {
        if (exchange)
            tell_fault(*exchange);
        for (auto out = server.to_agent(); !out.empty(); out = server.to_agent()) {
            client.hears(text_of(out));
            server.consume_to_agent(out.size());
        }
    }
    void moves_upstream()
    {
        for (auto out = upstream->output(); !out.empty(); out = upstream->output()) {
            far.hears(text_of(out));
            upstream->consume_output(out.size());
        }
        auto const back = far.output();
        for (auto bytes = bytes_of(back); !bytes.empty();)
            bytes = bytes.subspan(upstream->receive(bytes));
    }
    Reply& reply(StreamId id) { return client.replies[id]; }

    TestPeer client;
    Http2Server server{HttpScheme::Http};
    std::vector<std::unique_ptr<StreamExchange>> arrived;
    std::unique_ptr<Http2Upstream> upstream;
    std::unique_ptr<StreamExchange> exchange;
    TestPeer far{Http2Role::Server};
    std::string head;
};

} // namespace osh::netproxy::proxy
