#include "tests/netproxy/core/playbook.h"

namespace osh::netproxy::core::test
{

class FlowReuse : public Playbook
{
protected:
    FlowId asks(std::string_view request = "GET /ok/a HTTP/1.1\r\nHost: rest.test\r\n\r\n")
    {
        auto const flow = open("rest.test", 80);
        says(flow, request);
        return flow;
    }
    // One whole exchange whose client then goes away.
    UpstreamId exchanges(std::string_view answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi")
    {
        start();
        auto const flow = asks();
        auto const upstream = connects();
        core->sent_upstream(upstream, upstream_text(upstream).size(), at);
        replies(upstream, answer);
        core->handle(stack::TcpClosed{flow, false}, at);
        return upstream;
    }
};

TEST_F(FlowReuse, TheNextConnectionToTheSameHostNeedsNoDial)
{
    auto const upstream = exchanges();
    EXPECT_FALSE(one<CloseUpstream>());
    asks();
    EXPECT_FALSE(one<Resolve>());
    EXPECT_TRUE(upstream_text(upstream).starts_with("GET /ok/a HTTP/1.1\r\n"));
}

TEST_F(FlowReuse, AKeptConnectionIsClosedAfterTenSeconds)
{
    auto const upstream = exchanges();
    later(kKeepFor);
    auto const close = one<CloseUpstream>();
    ASSERT_TRUE(close);
    EXPECT_EQ(close->upstream, upstream);
    asks();
    EXPECT_TRUE(one<Resolve>());
}

TEST_F(FlowReuse, AnAnswerThatNobodyAskedForEndsTheConnection)
{
    auto const upstream = exchanges();
    auto const space = core->upstream_space(upstream);
    ASSERT_GE(space.size(), 8u);
    core->received_from_upstream(upstream, 8, at);
    EXPECT_TRUE(one<CloseUpstream>());
    asks();
    EXPECT_TRUE(one<Resolve>());
}

TEST_F(FlowReuse, AConnectionThatTheServerClosedIsNotUsed)
{
    auto const upstream = exchanges();
    core->upstream_ended(upstream, Ending::Finish, at);
    asks();
    EXPECT_TRUE(one<Resolve>());
}

TEST_F(FlowReuse, AConnectionThatMayBeLoggedInIsNotShared)
{
    exchanges("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(one<CloseUpstream>());
}

TEST_F(FlowReuse, ADeniedRequestDoesNotReachAKeptConnection)
{
    auto const upstream = exchanges();
    asks("GET /secret HTTP/1.1\r\nHost: rest.test\r\n\r\n");
    EXPECT_EQ(upstream_text(upstream), "");
}

TEST_F(FlowReuse, ARequestWithoutAnAnswerIsTriedOnceMoreAndThenFails)
{
    start();
    auto const flow = asks();
    for (int attempt = 0; attempt < 2; ++attempt) {
        auto const upstream = connects();
        ASSERT_NE(upstream, 0u) << attempt;
        core->sent_upstream(upstream, upstream_text(upstream).size(), at);
        core->upstream_ended(upstream, Ending::Finish, at);
    }
    EXPECT_FALSE(one<Resolve>());
    EXPECT_NE(side(flow).out.find("502"), std::string::npos) << side(flow).out;
}

} // namespace osh::netproxy::core::test
