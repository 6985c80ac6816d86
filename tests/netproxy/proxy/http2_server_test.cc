// Bounds of the agent's HTTP/2 connection: streams, windows, time.
#include "tests/netproxy/proxy/http2_frames.h"

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
