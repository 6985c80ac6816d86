#include "tray/core/approval_queue.h"

#include <gtest/gtest.h>

namespace osh::tray
{
namespace
{

control::ServerHello session(std::string const& id)
{
    control::ServerHello hello;
    hello.session = id;
    return hello;
}

control::Question question(std::string const& id, std::string const& access)
{
    control::Question out;
    out.id = id;
    out.digest = "d-" + id;
    out.target.access = access;
    return out;
}

std::string current_id(ApprovalQueue const& queue)
{
    return queue.current() == nullptr ? "" : queue.current()->question.id;
}

TEST(ApprovalQueue, AsksForCredentialsFirstThenWritesThenReadsThenByAge)
{
    ApprovalQueue queue;
    queue.put(session("a"), question("read", "read"));
    queue.put(session("a"), question("write", "write"));
    queue.put(session("b"), question("write2", "write"));
    auto credential = question("credential", "read");
    credential.credential = "github";
    queue.put(session("b"), credential);
    auto lapsed = question("lapsed", "write");
    lapsed.state = "lapsed";
    queue.put(session("a"), lapsed);
    std::vector<std::string> order;
    for (queue.advance(); queue.current() != nullptr; queue.advance()) {
        order.push_back(current_id(queue));
        EXPECT_EQ(queue.position(), 1u);
        queue.remove(queue.current()->key());
    }
    EXPECT_EQ(order, (std::vector<std::string>{"credential", "write", "write2", "read", "lapsed"}));
}

TEST(ApprovalQueue, ShowsTheNextOneOnlyByAStep)
{
    ApprovalQueue queue;
    queue.put(session("a"), question("read", "read"));
    EXPECT_EQ(current_id(queue), "");
    queue.advance();
    queue.put(session("a"), question("write", "write"));
    EXPECT_EQ(current_id(queue), "read");
    EXPECT_EQ(queue.position(), 2u);
    queue.remove({"a", "read"});
    EXPECT_EQ(current_id(queue), "");
    queue.advance();
    EXPECT_EQ(current_id(queue), "write");
}

TEST(ApprovalQueue, DoesNotMixSessionsThatUseTheSameId)
{
    ApprovalQueue queue;
    queue.put(session("a"), question("q-1", "read"));
    queue.put(session("b"), question("q-1", "read"));
    EXPECT_EQ(queue.waiting(), 2u);
    queue.remove({"a", "q-1"});
    EXPECT_EQ(queue.waiting_in("b"), 1u);
    queue.remove_session("b");
    EXPECT_EQ(queue.waiting(), 0u);
}

TEST(ApprovalQueue, KeepsWhatWasPutOffUntilItChangesOrIsAskedFor)
{
    ApprovalQueue queue;
    queue.put(session("a"), question("q-1", "read"));
    queue.set_aside({"a", "q-1"});
    queue.advance();
    EXPECT_EQ(current_id(queue), "");
    EXPECT_EQ(queue.waiting(), 1u);
    EXPECT_EQ(queue.ready(), 0u);
    auto counted = question("q-1", "read");
    counted.count = 5;
    queue.put(session("a"), counted);
    EXPECT_EQ(queue.ready(), 0u);
    queue.review_all();
    queue.advance();
    EXPECT_EQ(current_id(queue), "q-1");
    queue.set_all_aside();
    counted.digest = "other";
    queue.put(session("a"), counted);
    EXPECT_EQ(queue.ready(), 1u);
}

TEST(ApprovalQueue, ForgetsAClosedQuestionAndIsBounded)
{
    ApprovalQueue queue;
    queue.put(session("a"), question("q-1", "read"));
    auto closed = question("q-1", "read");
    closed.state = "closed";
    queue.put(session("a"), closed);
    EXPECT_EQ(queue.waiting(), 0u);
    for (std::size_t i = 0; i < kMaxQueued + 10; ++i)
        queue.put(session("a"), question(std::to_string(i), "read"));
    EXPECT_EQ(queue.waiting(), kMaxQueued);
}

} // namespace
} // namespace osh::tray
