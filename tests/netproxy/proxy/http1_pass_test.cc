// Answers that go straight to the next step, without waiting in the connection's own queue.
#include "tests/netproxy/proxy/http1_playbook.h"

namespace osh::netproxy::proxy
{
namespace
{

struct NextStep final : ByteSink {
    std::size_t write(Bytes bytes) override
    {
        auto const count = std::min(bytes.size(), room);
        text += text_of(bytes.first(count));
        room -= count;
        return count;
    }
    std::string text;
    std::size_t room = 1 << 20;
};

class AnswerThrough : public ::testing::Test
{
protected:
    void answers(std::string_view answer_head)
    {
        http.answer_through(&next);
        start_get(http);
        http.upstream_bytes(bytes_of(answer_head));
        next.text += taken_to_agent(http);
    }

    NextStep next; // outlives the connection
    Http1Connection http;
    std::string const head = "HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n";
    std::string const body = std::string(29'000, 'a') + std::string(1'000, 'z');
};

TEST_F(AnswerThrough, ALargePieceDoesNotWait)
{
    answers(head);
    EXPECT_EQ(http.upstream_bytes(bytes_of(body)), body.size());
    EXPECT_TRUE(http.to_agent().empty());
    EXPECT_EQ(next.text, head + body);
    EXPECT_TRUE(http.upstream_is_reusable());
}

TEST_F(AnswerThrough, WhatTheNextStepDoesNotTakeFollowsInOrder)
{
    answers(head);
    next.room = 10'000;
    http.upstream_bytes(bytes_of(body).first(20'000));
    EXPECT_EQ(http.to_agent().size(), 10'000u);
    next.room = 1 << 20;
    http.upstream_bytes(bytes_of(body).subspan(20'000)); // something waits: not past it
    EXPECT_EQ(http.to_agent().size(), 20'000u);
    EXPECT_EQ(next.text + taken_to_agent(http), head + body);
}

TEST_F(AnswerThrough, TheHeadIsNeverOvertaken)
{
    http.answer_through(&next);
    start_get(http);
    http.upstream_bytes(bytes_of(head + body));
    EXPECT_EQ(next.text + taken_to_agent(http), head + body);
}

TEST_F(AnswerThrough, ASmallPieceWaitsForItsFellows)
{
    answers("HTTP/1.1 200 OK\r\nContent-Length: 30\r\n\r\n");
    http.upstream_bytes(bytes_of(std::string(30, 's')));
    EXPECT_EQ(taken_to_agent(http), std::string(30, 's'));
}

} // namespace
} // namespace osh::netproxy::proxy
