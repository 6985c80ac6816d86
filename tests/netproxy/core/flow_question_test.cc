#include "tests/netproxy/core/playbook.h"

namespace osh::netproxy::core::test
{

class FlowQuestion : public Playbook
{
protected:
    FlowId ask(std::string_view name = "new.test")
    {
        auto const flow = open(name, 80);
        says(flow,
            "POST /v1 HTTP/1.1\r\nHost: " + std::string(name) + "\r\nContent-Length: 0\r\n\r\n");
        return flow;
    }
};

TEST_F(FlowQuestion, ParksAtTheHeadAndLooksNothingUp)
{
    start(WhenUnruled::Ask);
    auto const flow = ask();
    auto const question = told<policy::Question>();
    ASSERT_TRUE(question);
    EXPECT_EQ(question->target.method, "POST");
    EXPECT_EQ(question->target.path, "/v1");
    EXPECT_EQ(question->program.binary, "/usr/bin/curl");
    EXPECT_EQ(side(flow).out, "");
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowQuestion, GoesOnWhenAllowed)
{
    start(WhenUnruled::Ask);
    ask();
    core->answered({told<policy::Question>()->id, true, "", "q-1"}, at);
    EXPECT_TRUE(upstream_text(connects()).starts_with("POST /v1 HTTP/1.1"));
    EXPECT_EQ(told<policy::Decided>()->question, "q-1");
}

TEST_F(FlowQuestion, NeverDialsAPrivateAddressOnAPersonsWord)
{
    start(WhenUnruled::Ask);
    ask();
    core->answered({told<policy::Question>()->id, true, "", "q-1"}, at);
    EXPECT_EQ(connects("192.168.1.1"), 0u);
}

TEST_F(FlowQuestion, RefusesWithoutTheRuleWhenAPersonRefused)
{
    start(WhenUnruled::Ask);
    auto const flow = ask();
    core->answered({told<policy::Question>()->id, false, "human_denied", "q-2"}, at);
    EXPECT_NE(side(flow).out.find("\"decision\":\"human_denied\""), std::string::npos);
    EXPECT_NE(side(flow).out.find("\"id\":\"q-2\""), std::string::npos);
    EXPECT_EQ(side(flow).out.find("rule_missing"), std::string::npos);
}

TEST_F(FlowQuestion, SaysWhatThePolicyLackedWhereNobodyAnswered)
{
    start(WhenUnruled::Ask);
    auto const flow = ask();
    core->answered({told<policy::Question>()->id, false, "unattended", ""}, at);
    EXPECT_NE(
        side(flow).out.find("nobody is there: endpoint new.test:80 is not allowed by any policy"),
        std::string::npos)
        << side(flow).out;
    EXPECT_NE(side(flow).out.find("a rule would allow it unasked: allow POST"), std::string::npos)
        << side(flow).out;
    auto const line = told<policy::Decided>();
    ASSERT_TRUE(line);
    EXPECT_EQ(line->code, "unattended");
    EXPECT_EQ(line->reason, "endpoint new.test:80 is not allowed by any policy");
}

TEST_F(FlowQuestion, DeniesAtTheDeadlineAndIgnoresALateAnswer)
{
    start(WhenUnruled::Ask);
    auto const flow = ask();
    auto const id = told<policy::Question>()->id;
    later(settings.hold);
    EXPECT_NE(side(flow).out.find("\"decision\":\"expired\""), std::string::npos);
    EXPECT_EQ(told<policy::QuestionGone>()->id, id);
    core->answered({id, true, "", "q-3"}, at);
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowQuestion, LapsesWhenTheClientIsGone)
{
    start(WhenUnruled::Ask);
    auto const flow = ask();
    auto const id = told<policy::Question>()->id;
    core->handle(stack::TcpClosed{flow, true}, at);
    EXPECT_EQ(told<policy::QuestionGone>()->id, id);
    core->answered({id, true, "", ""}, at);
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowQuestion, DeniesAFlood)
{
    start(WhenUnruled::Ask);
    FlowId last = 0;
    for (std::size_t i = 0; i <= kMaxPendingQuestions; ++i)
        last = ask();
    EXPECT_NE(side(last).out.find("\"decision\":\"flood\""), std::string::npos);
}

TEST_F(FlowQuestion, AsksAboutTheConnectionWhenTheClientIsSilent)
{
    start(WhenUnruled::Ask);
    auto const flow = open("ssh.test", 2222);
    EXPECT_TRUE(side(flow).is_accepted);
    later(kSilence);
    auto const question = told<policy::Question>();
    ASSERT_TRUE(question);
    EXPECT_EQ(question->target.scheme, "tcp");
    core->answered({question->id, true, "", ""}, at);
    EXPECT_NE(connects(), 0u);
}

TEST_F(FlowQuestion, IsReleasedByANewPolicyThatAllowsIt)
{
    start(WhenUnruled::Ask);
    ask("rest.test");
    auto const id = told<policy::Question>()->id;
    std::string text = kPolicy;
    text.replace(text.find("method: GET, path: \"/ok/**\""), 27, "method: POST, path: \"/v1\"");
    core->swap_policy(compiled(text), at);
    EXPECT_EQ(told<policy::QuestionGone>()->id, id);
    EXPECT_TRUE(one<Resolve>());
}

TEST_F(FlowQuestion, IsAnsweredByANewPolicyThatDeniesIt)
{
    start(WhenUnruled::Ask);
    auto const flow = ask("rest.test");
    auto const id = told<policy::Question>()->id;
    std::string text = kPolicy;
    constexpr std::string_view kOld = "          - allow: { method: GET, path: \"/ok/**\" }\n";
    text.replace(text.find(kOld), kOld.size(),
        std::string(kOld) + "        deny_rules: [{ method: POST, path: \"/v1\" }]\n");
    core->swap_policy(compiled(text), at);
    EXPECT_EQ(told<policy::QuestionGone>()->id, id);
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 403"));
    core->answered({id, true, "", "q-1"}, at); // a person who had not seen it yet
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowQuestion, NeverAsksAboutMetadataNames)
{
    start(WhenUnruled::Ask);
    core->handle(stack::DnsAsked{1, "metadata.google.internal", 1, {}}, at);
    EXPECT_EQ(agent.replies.back().first, stack::DnsReply::NameError);
}

class Swap : public Playbook
{
};

TEST_F(Swap, ResetsASplicedFlowThatIsNoLongerAllowed)
{
    start();
    auto const flow = open("raw.test", 2222);
    connects();
    core->swap_policy(compiled("version: 1\n"), at);
    EXPECT_TRUE(side(flow).is_reset);
    EXPECT_EQ(core->flow_count(), 0u);
}

TEST_F(Swap, LeavesAnAllowedFlowAlone)
{
    start();
    auto const flow = open("raw.test", 2222);
    connects();
    core->swap_policy(compiled(kPolicy), at);
    EXPECT_FALSE(side(flow).is_reset);
}

class Dns : public Playbook
{
};

TEST_F(Dns, GivesAnAddressOnlyToNamesThatARuleKnows)
{
    start();
    core->handle(stack::DnsAsked{1, "rest.test", 1, {}}, at);
    EXPECT_EQ(agent.replies.back().first, stack::DnsReply::Address);
    core->handle(stack::DnsAsked{2, "new.test", 1, {}}, at);
    EXPECT_EQ(agent.replies.back().first, stack::DnsReply::NameError);
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(Dns, GivesAnAddressToEveryNameThatMayBeAskedAbout)
{
    start(WhenUnruled::Ask);
    core->handle(stack::DnsAsked{1, "new.test", 28, {}}, at);
    EXPECT_EQ(agent.replies.back().first, stack::DnsReply::Address);
    EXPECT_FALSE(agent.replies.back().second.is_v4());
}

TEST_F(Dns, HasNoServiceRecordsThatSwitchEncryptedHellosOn)
{
    start();
    core->handle(stack::DnsAsked{1, "rest.test", 65, {}}, at);
    EXPECT_EQ(agent.replies.back().first, stack::DnsReply::NoData);
}

TEST_F(Dns, NamesASyntheticAddress)
{
    start();
    auto const address = names.addresses_for("rest.test", at.now)->v4.v4_host_order();
    auto const part = [&](int shift) { return std::to_string(address >> shift & 255); };
    core->handle(
        stack::DnsAsked{
            1, part(0) + "." + part(8) + "." + part(16) + "." + part(24) + ".in-addr.arpa", 12, {}},
        at);
    EXPECT_EQ(agent.names, std::vector<std::string>{"rest.test"});
}

TEST_F(Dns, RefusesDatagramsAtOnce)
{
    start();
    core->handle(stack::UdpReceived{{ip("192.0.0.2"), ip("45.77.0.2"), 40000, 443}, {}}, at);
    EXPECT_EQ(agent.refused_datagrams, 1);
}

TEST(JournalRate, LeavesLinesOutBeyondTheBurstAndSaysHowMany)
{
    std::vector<Command> out;
    Journal journal(out);
    for (unsigned i = 0; i < kLineBurst + 50; ++i)
        journal.decided({}, Instant{1'000'000'000});
    EXPECT_EQ(out.size(), kLineBurst);
    journal.decided({}, Instant{2'000'000'000});
    ASSERT_EQ(out.size(), kLineBurst + 2);
    auto const& notice = std::get<policy::Notice>(std::get<Tell>(out[kLineBurst]).message);
    EXPECT_EQ(notice.text, "50 journal lines were left out");
}

} // namespace osh::netproxy::core::test
