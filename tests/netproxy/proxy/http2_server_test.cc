// Bounds of the agent's HTTP/2 connection: streams, windows, time.
#include "netproxy/proxy/http2_upstream.h"
#include "tests/netproxy/proxy/http2_frames.h"
#include "tests/netproxy/proxy/http2_playbook.h"

#include <gtest/gtest.h>

namespace osh::netproxy::proxy::frames
{
namespace
{

TEST(Http2Server, RefusesTheStreamAfterTheHundredth)
{
    Server server;
    server.holds = true;
    for (std::uint32_t i = 0; i < 101; ++i)
        server.says(request(2 * i + 1, pseudo()));
    EXPECT_EQ(server.reset(201), 7u);
    EXPECT_EQ(server.server.stream_count(), 100u);
}

TEST(Http2Server, EndsAtAWrongPreface)
{
    Http2Server server(HttpScheme::Http);
    server.agent_bytes(bytes_of("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    EXPECT_FALSE(server.fault().empty());
}

TEST(Http2Server, TakesNoMoreThanTheWindowOfAStreamThatNobodyReads)
{
    Server server;
    server.holds = true;
    server.says(open_request(1, pseudo("POST")));
    std::string const piece(16384, 'x');
    for (int i = 0; i < 6; ++i)
        server.says(frame(Data, 0, 1, piece));
    EXPECT_TRUE(server.goaway() == 3u || server.reset(1) == 3u);
}

TEST(Http2Server, AWindowOfNothingHoldsItsOwnAnswerOnly)
{
    Server server(frame(Settings, 0, 0, setting(4, 0)));
    server.says(request(1, pseudo()));
    auto const has_data = [&](std::uint32_t stream) {
        for (auto const& one : server.seen())
            if (one.type == Data && one.stream == stream && !one.payload.empty())
                return true;
        return false;
    };
    EXPECT_FALSE(has_data(1));
    server.says(request(3, pseudo()) + frame(Window, 0, 3, number(100, 4)));
    EXPECT_TRUE(has_data(3));
    EXPECT_FALSE(has_data(1));
    server.says(frame(Window, 0, 1, number(1, 4))); // byte by byte, if it likes
    server.says(frame(Window, 0, 1, number(1, 4)));
    EXPECT_TRUE(has_data(1));
    server.says(frame(Reset, 0, 1, number(8, 4)));
    EXPECT_EQ(server.server.stream_count(), 0u);
}

// A length that does not fit would let the rest pass for a request of its own behind a bridge.
TEST(Http2Server, AnotherBodyWithTrailersDoesNotKeepTheLengthOfTheFirst)
{
    Server server;
    server.holds = true;
    server.says(open_request(1, pseudo("POST") + field("content-length", "2"))
                + frame(Data, 0, 1, "hi") + request(1, field("x-sum", "7")));
    auto& exchange = *server.exchanges.front();
    exchange.want_body(100);
    ASSERT_EQ(exchange.body(), "hi");
    Forward plan;
    plan.path_and_query = "/";
    plan.host = "a.test";
    plan.body = "a longer one";
    exchange.forward(std::move(plan));
    Http2Upstream upstream;
    ASSERT_TRUE(upstream.start(exchange).ok());
    TestPeer peer(Http2Role::Server);
    for (int i = 0; i < 8; ++i) {
        auto const out = upstream.output();
        upstream.consume_output(peer.session->receive(out));
        auto const back = peer.session->output();
        peer.session->consume_output(upstream.receive(back));
    }
    EXPECT_EQ(peer.replies[1].body, "a longer one");
    EXPECT_EQ(peer.replies[1].trailers.size(), 1u);
    EXPECT_EQ(peer.replies[1].field("content-length"), "");
}

TEST(Http2Server, APeersTimeRefillsTheBucket)
{
    FloodGuard guard;
    guard.set_time(Instant{1});
    for (int i = 0; i < 1000; ++i)
        EXPECT_TRUE(guard.takes(FloodGuard::Frame::Ping));
    EXPECT_FALSE(guard.takes(FloodGuard::Frame::Ping));
    guard.set_time(Instant{1} + std::chrono::seconds(10));
    EXPECT_TRUE(guard.takes(FloodGuard::Frame::Ping));
}

} // namespace
} // namespace osh::netproxy::proxy::frames
