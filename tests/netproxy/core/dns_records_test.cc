#include "tests/netproxy/core/playbook.h"

namespace osh::netproxy::core::test
{

class CoreDnsRecords : public Playbook
{
protected:
    static constexpr std::uint16_t kMx = 15, kTxt = 16, kNull = 10;

    void begin(std::vector<char const*> openings, char const* policy = kPolicy)
    {
        for (auto const* text : openings)
            settings.dns_openings.push_back(*policy::parse_dns_opening(text));
        start(WhenUnruled::Deny, policy);
    }
    void ask(char const* name, std::uint16_t type)
    {
        core->handle(stack::DnsAsked{++question, name, type, {}}, at);
    }
    stack::DnsReply reply()
    {
        EXPECT_FALSE(agent.replies.empty());
        auto const last =
            agent.replies.empty() ? stack::DnsReply::Address : agent.replies.back().first;
        agent.replies.clear();
        return last;
    }
    std::uint64_t question = 0;
};

TEST_F(CoreDnsRecords, AreRefusedWhereNothingOpensThem)
{
    begin({"other.test TXT", "rest.test MX"});
    ask("rest.test", kTxt);
    EXPECT_EQ(reply(), stack::DnsReply::Refused);
    EXPECT_FALSE(one<ResolveRecords>());
    auto const line = told<policy::Decided>();
    ASSERT_TRUE(line);
    EXPECT_EQ(line->kind + " " + line->decision, "dns deny");
    EXPECT_NE(line->reason.find("TXT"), std::string::npos);
    EXPECT_NE(line->reason.find("network.dns_types"), std::string::npos);
}

TEST_F(CoreDnsRecords, AnOpenedTypeIsLookedUpAndAnswered)
{
    begin({"_dmarc.rest.test TXT"});
    ask("_dmarc.rest.test", kTxt);
    auto const look_up = one<ResolveRecords>();
    ASSERT_TRUE(look_up);
    EXPECT_EQ(look_up->name, "_dmarc.rest.test");
    EXPECT_EQ(look_up->type, kTxt);
    auto const line = told<policy::Decided>();
    ASSERT_TRUE(line);
    EXPECT_EQ(line->kind + " " + line->decision, "dns allow");
    core->records_known(look_up->question, stack::DnsReply::NoData, {{86'400, {std::byte{0}}}}, at);
    ASSERT_TRUE(agent.records);
    EXPECT_EQ(agent.records->front().ttl_seconds, 300u);
}

TEST_F(CoreDnsRecords, FailureComesBackAsWhatItIs)
{
    begin({"rest.test TXT"});
    for (auto const why :
        {stack::DnsReply::NameError, stack::DnsReply::NoData, stack::DnsReply::ServerFailure}) {
        ask("rest.test", kTxt);
        core->records_known(one<ResolveRecords>()->question, why, {}, at);
        EXPECT_EQ(reply(), why);
    }
}

TEST_F(CoreDnsRecords, OpeningATypeOpensNothingElse)
{
    begin({"only.test TXT"});
    ask("only.test", 1);
    EXPECT_EQ(reply(), stack::DnsReply::NameError); // no rule for a connection
    ask("only.test", kMx);
    EXPECT_EQ(reply(), stack::DnsReply::NameError);
    ask("a.only.test", kTxt);
    EXPECT_EQ(reply(), stack::DnsReply::NameError);
    ask("only.test", kTxt);
    EXPECT_TRUE(one<ResolveRecords>());
}

TEST_F(CoreDnsRecords, NamesBelowAPatternAreCounted)
{
    settings.new_names.per_minute = 2;
    begin({"*.only.test TXT", "c.only.test TXT"});
    for (auto const* name : {"a.only.test", "b.only.test", "a.only.test", "c.only.test"}) {
        ask(name, kTxt);
        EXPECT_TRUE(one<ResolveRecords>()) << name;
    }
    for (auto const* name : {"d.only.test", "e.only.test"}) {
        ask(name, kTxt);
        EXPECT_FALSE(one<ResolveRecords>()) << name;
        EXPECT_EQ(reply(), stack::DnsReply::Refused);
    }
    auto const notice = told<policy::Notice>();
    ASSERT_TRUE(notice);
    EXPECT_EQ(notice->code, "new_names");
    EXPECT_NE(notice->text.find("only.test"), std::string::npos);
    EXPECT_FALSE(told<policy::Notice>()) << "once";
    EXPECT_EQ(core->names_refused(), 2u);
}

TEST_F(CoreDnsRecords, ForbiddenNamesAndAnOfflineSessionHaveNone)
{
    begin({"metadata.google.internal TXT", "rest.test TXT"});
    ask("metadata.google.internal", kTxt);
    EXPECT_EQ(reply(), stack::DnsReply::NameError);
    settings.network_off = true;
    begin({});
    ask("rest.test", kTxt);
    EXPECT_EQ(reply(), stack::DnsReply::NameError);
    EXPECT_FALSE(one<ResolveRecords>());
}

TEST_F(CoreDnsRecords, ALayerThatNarrowsMustKnowTheName)
{
    begin({"_x._tcp.rest.test TXT", "else.test TXT"});
    auto const layered = policy::compile_policy(
        {{"a.yaml", kPolicy, ""}, {"project.yaml", kPolicy, "", policy::LayerRank::Project}});
    ASSERT_NE(layered.policy, nullptr);
    core->swap_policy(layered.policy, at);
    ask("_x._tcp.rest.test", kTxt);
    EXPECT_TRUE(one<ResolveRecords>());
    ask("else.test", kTxt);
    EXPECT_FALSE(one<ResolveRecords>());
    EXPECT_EQ(reply(), stack::DnsReply::NameError);
}

} // namespace osh::netproxy::core::test
