// Clients that leave while a person is asked, and those that only look like it.
#include "tests/netproxy/core/links_playbook.h"

namespace osh::netproxy::core::test
{
namespace
{

class FlowLeaving : public FlowLinks
{
protected:
    // A question that waits; of a request with a body of which `body` came.
    void asks(std::string const& body = "", std::size_t length = 0)
    {
        start(WhenUnruled::Ask);
        flow = open("new.test", 80);
        says(flow, "POST /v1 HTTP/1.1\r\nHost: new.test\r\nContent-Length: "
                       + std::to_string(length) + "\r\n\r\n" + body);
        auto const asked = told<policy::Question>();
        ASSERT_TRUE(asked);
        question = asked->id;
    }
    void sends_its_end()
    {
        side(flow).has_finished = true;
        says(flow, "");
    }
    void is_taken_back()
    {
        auto const taken = told<policy::QuestionGone>();
        ASSERT_TRUE(taken);
        EXPECT_EQ(taken->id, question);
        EXPECT_TRUE(journalled("withdrawn"));
        EXPECT_TRUE(side(flow).is_reset);
        core->answered({question, true, "", "q-1"}, at);
        collect();
        EXPECT_FALSE(one<Resolve>());
        EXPECT_TRUE(core->next_deadline().is_never()) << "nothing is waited for";
    }

    std::uint64_t question = 0;
};

TEST_F(FlowLeaving, TheEndOfASocketThatNobodyHasIsLeaving)
{
    asks();
    gone.insert(flow);
    sends_its_end();
    is_taken_back();
}

TEST_F(FlowLeaving, AHalfCloseIsNot)
{
    asks();
    sends_its_end();
    later(kLookAgain);
    later(kLookAgain);
    EXPECT_FALSE(told<policy::QuestionGone>());
    core->answered({question, true, "", "q-1"}, at);
    auto const upstream = connects();
    EXPECT_TRUE(upstream_text(upstream).starts_with("POST /v1 HTTP/1.1"));
    replies(upstream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_TRUE(side(flow).out.ends_with("\r\n\r\nhi"));
}

TEST_F(FlowLeaving, ALaterEndOfItIs)
{
    asks();
    sends_its_end();
    later(kLookAgain);
    gone.insert(flow);
    later(kLookAgain);
    collect();
    is_taken_back();
}

TEST_F(FlowLeaving, SoIsOneBehindABodyThatNobodyReads)
{
    asks("the first of many bytes", 100'000);
    gone.insert(flow);
    later(kLookAgain);
    collect();
    is_taken_back();
}

TEST_F(FlowLeaving, WhatIsAllowedIsNotSentForWhoLeftAMomentAgo)
{
    asks();
    gone.insert(flow);
    core->answered({question, true, "", "q-1"}, at);
    collect();
    is_taken_back();
}

TEST_F(FlowLeaving, WithoutInitsWordAnAnswerExpires)
{
    asks();
    leaves_none = false;
    core->answered({question, true, "", "q-1"}, at);
    collect();
    EXPECT_FALSE(one<Resolve>());
    later(kOwnerTimeout);
    EXPECT_NE(side(flow).out.find("\"decision\":\"expired\""), std::string::npos);
    has_holder(flow, true);
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowLeaving, ARefusalNeedsNoWord)
{
    asks();
    leaves_none = false;
    core->answered({question, false, "human_denied", "q-1"}, at);
    EXPECT_NE(side(flow).out.find("\"decision\":\"human_denied\""), std::string::npos);
}

TEST_F(FlowLeaving, AConnectionThatWaitsIsLeftToo)
{
    start(WhenUnruled::Ask);
    flow = open("ssh.test", 2222);
    later(kSilence);
    question = told<policy::Question>()->id;
    gone.insert(flow);
    sends_its_end();
    is_taken_back();
}

TEST_F(FlowLeaving, TheEndOfTlsIsLeavingWhoeverHasTheSocket)
{
    start(WhenUnruled::Ask);
    outside = *proxy::UpstreamTls::create(agent_tls->ca_pem());
    flow = open("rest.test", 443);
    client.tls = *outside->connect({"rest.test", 443, HttpVersions::Only1}, at.wall);
    moves(flow, client);
    client.tls->write(bytes_of("GET /new HTTP/1.1\r\nHost: rest.test\r\n\r\n"));
    moves(flow, client);
    auto const asked = told<policy::Question>();
    ASSERT_TRUE(asked);
    question = asked->id;
    client.tls->close();
    moves(flow, client);
    is_taken_back();
}

} // namespace
} // namespace osh::netproxy::core::test
