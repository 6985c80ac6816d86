// A stream of an inspected connection: no small packet between two reads that fill the buffer.
#include "tests/netproxy/core/playbook.h"

namespace osh::netproxy::core::test
{

class FlowBulk : public Playbook
{
protected:
    UpstreamId asks()
    {
        start();
        flow = open("rest.test", 80);
        says(flow, "GET /ok/a HTTP/1.1\r\nHost: rest.test\r\n\r\n");
        auto const upstream = connects();
        core->sent_upstream(upstream, upstream_text(upstream).size(), at);
        return upstream;
    }
    void fills(UpstreamId upstream)
    {
        replies(upstream, std::string(core->upstream_space(upstream).size(), 'b'));
    }
    bool expects_more() { return side(flow).more == stack::More::Yes; }

    FlowId flow = 0;
    std::string const head = "HTTP/1.1 200 OK\r\nContent-Length: 65636\r\n\r\n";
};

TEST_F(FlowBulk, AReadThatFillsTheBufferIsFollowedByMore)
{
    auto const upstream = asks();
    replies(upstream, head);
    EXPECT_FALSE(expects_more());
    fills(upstream);
    EXPECT_TRUE(expects_more());
    replies(upstream, "bbbb");
    EXPECT_FALSE(expects_more());
}

TEST_F(FlowBulk, TheEndOfTheAnswerWaitsForNothing)
{
    auto const upstream = asks();
    replies(upstream, head + std::string(100, 'b'));
    fills(upstream);
    EXPECT_EQ(side(flow).out.size(), head.size() + 65'636);
    EXPECT_FALSE(expects_more());
}

TEST_F(FlowBulk, NorDoesWhatCameBeforeTheUpstreamEnded)
{
    auto const upstream = asks();
    replies(upstream, head);
    fills(upstream);
    core->upstream_ended(upstream, Ending::Finish, at);
    EXPECT_FALSE(expects_more());
}

} // namespace osh::netproxy::core::test
