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

constexpr char const* kPosts = R"(version: 1
network_policies:
  sites:
    endpoints:
      - { host: rest.test, port: 80, protocol: rest, enforcement: enforce, access: full }
    binaries: [{ path: /usr/bin/curl }]
)";

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

// The last answer of such a log-in is a 200, and the connection is somebody's from then on.
TEST_F(FlowReuse, AConnectionThatWasLoggedInIsNotShared)
{
    for (std::string const scheme : {"NTLM", "negotiate"}) {
        start();
        asks("GET /ok/a HTTP/1.1\r\nHost: rest.test\r\nAuthorization: " + scheme
             + " YIIabc\r\n\r\n");
        auto const upstream = connects();
        core->sent_upstream(upstream, upstream_text(upstream).size(), at);
        replies(upstream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
        core->handle(stack::TcpClosed{next_flow - 1, false}, at);
        EXPECT_TRUE(one<CloseUpstream>()) << scheme;
    }
}

TEST_F(FlowReuse, APipelinedRequestLeavesAConnectionThatIsClosing)
{
    start(WhenUnruled::Deny, kPosts);
    std::string const post = "POST /ok/a HTTP/1.1\r\nHost: rest.test\r\nContent-Length: 1\r\n\r\nx";
    auto const flow = asks(post + post);
    auto const first = connects();
    core->sent_upstream(first, upstream_text(first).size(), at);
    replies(first, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi");
    core->upstream_ended(first, Ending::Finish, at);
    auto const second = connects();
    ASSERT_NE(second, 0u) << side(flow).out;
    EXPECT_NE(second, first);
    EXPECT_TRUE(upstream_text(second).starts_with("POST /ok/a"));
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
