#include "tests/netproxy/core/playbook.h"

namespace osh::netproxy::core::test
{
namespace
{

using FlowMiddleware = Playbook;

std::string policy_with(std::string const& on_error)
{
    return "version: 1\nnetwork_policies:\n  s:\n    endpoints:\n"
           "      - {host: l4.test, ports: [80, 443, 2222]}\n"
           "      - {host: rest.test, port: 80, protocol: rest, enforcement: enforce, access: "
           "full}\n"
           "    binaries: [{path: /usr/bin/curl}]\n"
           "network_middlewares:\n  keys:\n    middleware: openshell/regex\n    on_error: "
           + on_error + "\n    endpoints: {include: [\"*.test\"]}\n";
}

std::string post(std::string const& host, std::string const& body, std::string const& fields = "")
{
    return "POST /in HTTP/1.1\r\nHost: " + host + "\r\n" + fields
           + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

constexpr char const* kKey = "sk-abcdefghijklmnop0123456789";

TEST_F(FlowMiddleware, BlanksAKeyInTheBodyAndWritesTheLengthAnew)
{
    start(WhenUnruled::Deny, policy_with("fail_closed").c_str());
    auto const flow = open("rest.test", 80);
    says(flow, post("rest.test", "{\"k\":\"" + std::string(kKey) + "\"}"));
    auto const sent = upstream_text(connects());
    EXPECT_TRUE(sent.ends_with("Content-Length: 18\r\n\r\n{\"k\":\"[redacted]\"}")) << sent;
}

TEST_F(FlowMiddleware, LooksIntoAConnectionThatNoRuleInspects)
{
    start(WhenUnruled::Deny, policy_with("fail_closed").c_str());
    auto const flow = open("l4.test", 80);
    says(flow, post("l4.test", kKey));
    EXPECT_TRUE(upstream_text(connects()).ends_with("\r\n\r\n[redacted]"));
}

TEST_F(FlowMiddleware, WaitsForTheWholeBody)
{
    start(WhenUnruled::Deny, policy_with("fail_closed").c_str());
    auto const flow = open("rest.test", 80);
    auto const whole = post("rest.test", kKey);
    says(flow, whole.substr(0, whole.size() - 12));
    EXPECT_FALSE(one<Resolve>());
    says(flow, whole.substr(whole.size() - 12));
    EXPECT_TRUE(upstream_text(connects()).ends_with("\r\n\r\n[redacted]"));
}

TEST_F(FlowMiddleware, AChunkedBodyGetsALength)
{
    start(WhenUnruled::Deny, policy_with("fail_closed").c_str());
    auto const flow = open("rest.test", 80);
    says(flow, "POST /in HTTP/1.1\r\nHost: rest.test\r\nTransfer-Encoding: chunked\r\n\r\n"
               "10\r\nsk-abcdefghijklm\r\nd\r\nnop0123456789\r\n0\r\n\r\n");
    EXPECT_TRUE(upstream_text(connects()).ends_with("Content-Length: 10\r\n\r\n[redacted]"));
}

TEST_F(FlowMiddleware, RefusesAnEncodingThatItCannotRead)
{
    start(WhenUnruled::Deny, policy_with("fail_closed").c_str());
    auto const flow = open("rest.test", 80);
    says(flow, post("rest.test", "xx", "Content-Encoding: br\r\n"));
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 503"));
    EXPECT_NE(side(flow).out.find("\"error\":\"middleware_failed\""), std::string::npos);
    EXPECT_NE(side(flow).out.find("\"middleware\":\"keys\""), std::string::npos);
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowMiddleware, RefusesABodyBeyondItsLimit)
{
    start(WhenUnruled::Deny, policy_with("fail_closed").c_str());
    auto const flow = open("rest.test", 80);
    says(flow, "POST /in HTTP/1.1\r\nHost: rest.test\r\nContent-Length: "
                   + std::to_string(kMiddlewareBody + 1) + "\r\n\r\n");
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 503"));
}

TEST_F(FlowMiddleware, KeepsABoundedNumberOfBodies)
{
    start(WhenUnruled::Deny, policy_with("fail_closed").c_str());
    auto const head = post("rest.test", kKey).substr(0, 70);
    for (int i = 0; i < 32; ++i) {
        auto const flow = open("rest.test", 80);
        says(flow, head);
        EXPECT_TRUE(side(flow).out.empty());
    }
    auto const flow = open("rest.test", 80);
    says(flow, head);
    EXPECT_NE(side(flow).out.find("too many bodies"), std::string::npos);
}

TEST_F(FlowMiddleware, PassesUnreadWhereItMayFail)
{
    start(WhenUnruled::Deny, policy_with("fail_open").c_str());
    auto const flow = open("rest.test", 80);
    says(flow, post("rest.test", "xx", "Content-Encoding: br\r\n"));
    EXPECT_TRUE(upstream_text(connects()).ends_with("\r\n\r\nxx"));
    EXPECT_EQ(told<policy::Notice>()->code, "middleware");
}

TEST_F(FlowMiddleware, BytesThatAreNoHttpAreRefusedWhereItMustLook)
{
    start(WhenUnruled::Deny, policy_with("fail_closed").c_str());
    auto const flow = open("l4.test", 2222);
    says(flow, "\x01\x02\x03");
    EXPECT_TRUE(side(flow).is_reset);
}

TEST_F(FlowMiddleware, LeavesABodyWithoutAKeyAlone)
{
    start(WhenUnruled::Deny, policy_with("fail_closed").c_str());
    auto const flow = open("rest.test", 80);
    says(flow, post("rest.test", "pip install sk-learn"));
    EXPECT_TRUE(upstream_text(connects()).ends_with("\r\n\r\npip install sk-learn"));
}

} // namespace
} // namespace osh::netproxy::core::test
