// A server that repeats what it was told: what an agent may try to see of a value that osh brought
// there.
#include "policy/base/text.h"
#include "tests/netproxy/core/playbook.h"

#include <fmt/format.h>

namespace osh::netproxy::core::test
{
namespace
{

constexpr std::string_view kValue = "the-real-value-of-it-42";
constexpr std::string_view kPlaceholder = "osh-placeholder-0123456";

constexpr char const* kApi = R"(version: 1
network_policies:
  api:
    endpoints:
      - host: api.test
        ports: [80, 8080]
        protocol: rest
        enforcement: enforce
        access: full
        request_body_credential_rewrite: true
      - { host: other.test, port: 80 }
    binaries: [{ path: /usr/bin/curl }]
network_middlewares:
  keys:
    middleware: openshell/regex
    on_error: fail_closed
    endpoints: { include: ["*.test"], exclude: ["api.test"] }
)";

class FlowEcho : public Playbook
{
protected:
    void lends(credentials::AttachKind kind = credentials::AttachKind::Bearer)
    {
        start(WhenUnruled::Deny, kApi);
        lends_value(kValue, kind);
    }
    void lends_value(std::string_view value, credentials::AttachKind kind)
    {
        credentials::LentCredential lent;
        lent.name = "token";
        lent.placeholder = kPlaceholder;
        lent.value = credentials::Secret::from(value);
        lent.allows_plaintext = true;
        lent.attach.push_back({kind, "api.test", 80, "/v1/**", {}, "", "{value}", "", "key"});
        core->lend(std::move(lent));
    }
    std::string asks(
        std::string const& target, std::string const& more = "", std::uint16_t port = 80)
    {
        flow = open("api.test", port);
        says(flow, "GET " + target + " HTTP/1.1\r\nHost: api.test"
                       + (port == 80 ? "" : ":" + std::to_string(port)) + "\r\n" + more + "\r\n");
        upstream = connects();
        auto const text = upstream_text(upstream);
        core->sent_upstream(upstream, text.size(), at);
        return text;
    }
    std::string answers(std::string const& body, std::string const& head = "200 OK\r\n")
    {
        replies(upstream,
            fmt::format("HTTP/1.1 {}Content-Length: {}\r\n\r\n{}", head, body.size(), body));
        return side(flow).out;
    }
    FlowId flow = 0;
    UpstreamId upstream = 0;
};

TEST_F(FlowEcho, AnotherRequestToTheHostDoesNotSeeIt)
{
    lends();
    // Outside the binding nothing is attached, and a log of requests may show the last one.
    EXPECT_NE(asks("/v1/a").find(kValue), std::string::npos);
    auto const sent =
        asks("/debug/last", "Authorization: Bearer mine\r\nAccept-Encoding: gzip\r\n");
    EXPECT_EQ(sent.find(kValue), std::string::npos);
    EXPECT_EQ(sent.find("gzip"), std::string::npos);
    auto const got = answers("Bearer " + std::string(kValue));
    EXPECT_EQ(got.find(kValue), std::string::npos);
    EXPECT_NE(got.find(kPlaceholder), std::string::npos);
}

TEST_F(FlowEcho, OfARenewedValueNothingIsSeen)
{
    constexpr std::string_view kRenewed = "its-renewed-value-8142";
    lends();
    asks("/v1/a");
    lends_value(kRenewed, credentials::AttachKind::Bearer);
    // The answer to what the old one went with.
    EXPECT_EQ(answers(std::string(kValue)).find(kValue), std::string::npos);
    EXPECT_NE(asks("/v1/b").find(kRenewed), std::string::npos);
    auto const got = answers("Bearer " + std::string(kRenewed));
    EXPECT_EQ(got.find(kRenewed), std::string::npos);
    EXPECT_NE(got.find(kPlaceholder), std::string::npos);
}

TEST_F(FlowEcho, NorDoesOneToAnotherPortOfIt)
{
    lends();
    asks("/debug/last", "", 8080);
    EXPECT_EQ(answers(std::string(kValue)).find(kValue), std::string::npos);
}

TEST_F(FlowEcho, NoPieceOfAnAnswerCanBeAskedFor)
{
    lends();
    auto const sent = asks("/v1/echo", "Range: bytes=0-9\r\nIf-Range: \"a\"\r\nX-Kept: 1\r\n");
    EXPECT_NE(sent.find("X-Kept: 1\r\n"), std::string::npos);
    EXPECT_EQ(to_lower_ascii(sent).find("range"), std::string::npos) << sent;
}

TEST_F(FlowEcho, IsNotSeenInUtf16)
{
    lends();
    asks("/v1/echo");
    std::string wide;
    for (char const c : kValue)
        wide += std::string{'\0', c};
    EXPECT_EQ(answers("\xfe\xff" + wide).find(wide.substr(1)), std::string::npos);
}

TEST_F(FlowEcho, AQueryThatHoldsNothingElseIsSent)
{
    lends(credentials::AttachKind::Query);
    EXPECT_TRUE(asks("/v1/a").starts_with(fmt::format("GET /v1/a?key={} ", kValue)));
}

TEST_F(FlowEcho, BodiesThatWaitToBeFilledTakeNoTurnOfAMiddleware)
{
    lends();
    auto const post = [&](std::string_view host, std::string_view body) {
        flow = open(host, 80);
        says(flow, fmt::format("POST /v1/a HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json"
                               "\r\nContent-Length: 9\r\n\r\n{}",
                       host, body));
    };
    for (int i = 0; i < 40; ++i)
        post("api.test", "{\"a\"");
    EXPECT_FALSE(one<Resolve>());
    post("other.test", "{\"a\":1}  ");
    EXPECT_TRUE(upstream_text(connects()).ends_with("{\"a\":1}  "));
}

} // namespace
} // namespace osh::netproxy::core::test
