#include "tests/netproxy/core/playbook.h"

namespace osh::netproxy::core::test
{

using FlowRequest = Playbook;

constexpr std::string_view kGet = "GET /ok/1 HTTP/1.1\r\nHost: rest.test\r\n\r\n";

TEST_F(FlowRequest, ForwardsAnAllowedRequestAndItsAnswer)
{
    start();
    auto const flow = open("rest.test", 80);
    says(flow, kGet);
    auto const upstream = connects();
    ASSERT_NE(upstream, 0u);
    EXPECT_TRUE(upstream_text(upstream).starts_with("GET /ok/1 HTTP/1.1\r\nHost: rest.test\r\n"));
    core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    replies(upstream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_TRUE(side(flow).out.ends_with("\r\n\r\nhi"));
}

TEST_F(FlowRequest, SendsTheCanonicalPathThatWasJudged)
{
    start();
    auto const flow = open("rest.test", 80);
    says(flow, "GET /ok/./a/../%62?q=%2e HTTP/1.1\r\nHost: rest.test\r\n\r\n");
    EXPECT_TRUE(upstream_text(connects()).starts_with("GET /ok/b?q=%2e HTTP/1.1\r\n"));
}

TEST_F(FlowRequest, RefusesInWordsAndAsksNobodyOutside)
{
    start();
    auto const flow = open("rest.test", 80);
    says(flow, "GET /no HTTP/1.1\r\nHost: rest.test\r\n\r\n");
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 403"));
    EXPECT_NE(side(flow).out.find("\"rule_missing\":{\"type\":\"rest_allow\""), std::string::npos);
    EXPECT_FALSE(one<Resolve>());
    EXPECT_EQ(told<policy::Decided>()->code, "no_rule");
}

TEST_F(FlowRequest, RefusesADotSegmentThatLeavesTheAllowedPath)
{
    start();
    auto const flow = open("rest.test", 80);
    says(flow, "GET /ok/../no HTTP/1.1\r\nHost: rest.test\r\n\r\n");
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 403"));
}

TEST_F(FlowRequest, AnswersMisdirectedWhenHostIsAnotherName)
{
    start();
    auto const flow = open("rest.test", 80);
    says(flow, "GET /ok/1 HTTP/1.1\r\nHost: other.test\r\n\r\n");
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 421"));
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowRequest, AnswersBadGatewayWithTheReason)
{
    start();
    auto const flow = open("rest.test", 80);
    says(flow, kGet);
    core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2")}, at);
    core->dial_failed(one<Dial>()->upstream, DialFailure::Refused, "Connection refused", at);
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 502"));
    EXPECT_NE(side(flow).out.find("Connection refused"), std::string::npos);
}

TEST_F(FlowRequest, TellsOfAServerThatFailsInTheFormOfTheClient)
{
    start();
    auto const flow = open("rest.test", 80);
    says(flow, "GET /ok/1 HTTP/1.1\r\nHost: rest.test\r\nAccept: text/html\r\n\r\n");
    core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2")}, at);
    core->dial_failed(one<Dial>()->upstream, DialFailure::Refused, "Connection refused", at);
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 502"));
    EXPECT_NE(side(flow).out.find("<h1>Not available</h1>"), std::string::npos);
}

TEST_F(FlowRequest, WaitsBetweenEventsAsLongAsTheServerLikes)
{
    start();
    auto const flow = open("rest.test", 80);
    says(flow, kGet);
    auto const upstream = connects();
    core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    replies(upstream, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n");
    for (char const* const event : {"data: 1\n\n", "data: 2\n\n"}) {
        later(24h);
        replies(upstream, event);
        EXPECT_NE(side(flow).out.find(event), std::string::npos);
    }
    EXPECT_FALSE(side(flow).is_finished || side(flow).is_reset);
}

TEST_F(FlowRequest, AServerMayThinkForADayBeforeItAnswers)
{
    start();
    auto const flow = open("rest.test", 80);
    says(flow, kGet);
    auto const upstream = connects();
    core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    later(24h);
    replies(upstream, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_TRUE(side(flow).out.ends_with("\r\n\r\nhi"));
}

TEST_F(FlowRequest, RefusesAnAddressThatIsNeverDialled)
{
    start();
    auto const flow = open("rest.test", 80);
    says(flow, kGet);
    EXPECT_EQ(connects("127.0.0.1"), 0u);
    EXPECT_NE(side(flow).out.find("\"decision\":\"hard_denied\""), std::string::npos);
    EXPECT_NE(side(flow).out.find("\"error\":\"ssrf_denied\""), std::string::npos);
}

TEST_F(FlowRequest, KeepsTheUpstreamForTheNextRequest)
{
    start();
    auto const flow = open("rest.test", 80);
    says(flow, kGet);
    auto const upstream = connects();
    core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    replies(upstream, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    says(flow, kGet);
    EXPECT_FALSE(one<Resolve>());
    EXPECT_TRUE(upstream_text(upstream).starts_with("GET /ok/1"));
}

TEST_F(FlowRequest, ClosesWhenTheHeadDoesNotCome)
{
    start();
    auto const flow = open("rest.test", 80);
    says(flow, "GET /ok");
    later(kHeadTimeout);
    EXPECT_TRUE(side(flow).is_finished || side(flow).is_reset);
}

TEST_F(FlowRequest, RefusesWhatIsNeitherTlsNorHttp)
{
    start();
    auto const flow = open("rest.test", 80);
    says(flow, "\x01\x02\x03");
    EXPECT_TRUE(side(flow).is_reset);
    EXPECT_EQ(told<policy::Decided>()->code, "unsupported");
}

TEST_F(FlowRequest, NeverAttachesACredentialInPlainText)
{
    start();
    credentials::LentCredential lent;
    lent.name = "token";
    lent.placeholder = "osh-0123456789abcdef0123456789";
    lent.value = credentials::Secret::from("the-real-value-of-it");
    lent.attach.push_back(
        {credentials::AttachKind::Bearer, "rest.test", 80, "/**", {}, "", "{value}", "", ""});
    core->lend(std::move(lent));
    auto const flow = open("rest.test", 80);
    says(flow, "GET /ok/1 HTTP/1.1\r\nHost: rest.test\r\nAuthorization: Bearer "
               "osh-0123456789abcdef0123456789\r\n\r\n");
    EXPECT_EQ(upstream_text(connects()).find("the-real-value"), std::string::npos);
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 403"));
}

TEST_F(FlowRequest, LetsPassAndReportsInAuditMode)
{
    start(WhenUnruled::Audit);
    auto const flow = open("rest.test", 80);
    says(flow, "GET /no HTTP/1.1\r\nHost: rest.test\r\n\r\n");
    EXPECT_NE(connects(), 0u);
    EXPECT_EQ(told<policy::Decided>()->decision, "audit");
}

} // namespace osh::netproxy::core::test
