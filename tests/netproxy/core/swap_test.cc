// A new policy while a request is under way whose verdict hung on more than its head.
#include "tests/netproxy/core/playbook.h"

#include <fmt/format.h>

namespace osh::netproxy::core::test
{
namespace
{

std::string policy_with(std::string_view endpoint)
{
    return fmt::format("version: 1\nnetwork_policies:\n  one:\n    endpoints:\n      - {}\n"
                       "    binaries: [{{ path: /usr/bin/curl }}]\n",
        endpoint);
}

std::string pushes_to(std::string_view refs)
{
    return policy_with(fmt::format(
        "{{ host: api.test, port: 80, protocol: rest, enforcement: enforce, rules: [{{ allow: "
        "{{ git: {{ repository: team/app, operation: push, refs: [\"{}\"] }} }} }}] }}",
        refs));
}

std::string queries_of(std::string_view field)
{
    return policy_with(fmt::format(
        "{{ host: api.test, port: 80, protocol: graphql, path: /graphql, enforcement: enforce, "
        "rules: [{{ allow: {{ operation_type: query, fields: [\"{}\"] }} }}] }}",
        field));
}

constexpr char const* kMcp =
    "{ host: api.test, port: 80, protocol: mcp, path: /mcp, enforcement: enforce, "
    "rules: [{ allow: { method: tools/list } }] }";

class NewPolicy : public Playbook
{
protected:
    void posts(std::string_view path, std::string_view body)
    {
        flow = open("api.test", 80);
        says(flow, fmt::format("POST {} HTTP/1.1\r\nHost: api.test\r\nContent-Length: {}\r\n\r\n{}",
                       path, body.size() + 10, body));
    }
    bool is_alive() { return !side(flow).is_reset; }
    FlowId flow = 0;
};

TEST_F(NewPolicy, EndsAConnectionToAnAddressThatItRefuses)
{
    auto const inside = policy_with("{ host: api.test, port: 80, protocol: rest, enforcement: "
                                    "enforce, access: full, allowed_ips: [\"10.0.0.0/8\"] }");
    auto const elsewhere = policy_with("{ host: api.test, port: 80, protocol: rest, enforcement: "
                                       "enforce, access: full, allowed_ips: [\"10.9.0.0/16\"] }");
    start(WhenUnruled::Deny, inside.c_str());
    posts("/a", "half of it");
    ASSERT_NE(connects("10.1.2.3"), 0u);
    core->swap_policy(compiled(inside), at);
    EXPECT_TRUE(is_alive());
    core->swap_policy(compiled(elsewhere), at);
    EXPECT_FALSE(is_alive());
}

TEST_F(NewPolicy, APushUnderWayIsHeldAgainstTheNewRefs)
{
    start(WhenUnruled::Deny, pushes_to("agent/*").c_str());
    auto const command = std::string(40, '0') + " " + std::string(40, '1') + " refs/heads/agent/x"
                         + std::string("\0 report-status", 15);
    posts("/team/app.git/git-receive-pack",
        fmt::format("{:04x}{}0000PACK", command.size() + 4, command));
    ASSERT_NE(connects(), 0u);
    core->swap_policy(compiled(pushes_to("agent/*")), at);
    EXPECT_TRUE(is_alive());
    core->swap_policy(compiled(pushes_to("other/*")), at);
    EXPECT_FALSE(is_alive());
}

TEST_F(NewPolicy, AQueryUnderWayIsHeldAgainstTheNewFields)
{
    start(WhenUnruled::Deny, queries_of("viewer").c_str());
    std::string const body = R"({"query":"{ viewer { id } }"})";
    flow = open("api.test", 80);
    says(flow, fmt::format("POST /graphql HTTP/1.1\r\nHost: api.test\r\nContent-Type: "
                           "application/json\r\nContent-Length: {}\r\n\r\n{}",
                   body.size(), body));
    ASSERT_NE(connects(), 0u);
    core->swap_policy(compiled(queries_of("viewer")), at);
    EXPECT_TRUE(is_alive());
    core->swap_policy(compiled(queries_of("repository")), at);
    EXPECT_FALSE(is_alive());
}

TEST_F(NewPolicy, TheStreamOfAnMcpSessionGoesOnWhereItIsStillAllowed)
{
    start(WhenUnruled::Deny, policy_with(kMcp).c_str());
    flow = open("api.test", 80);
    says(flow, "GET /mcp HTTP/1.1\r\nHost: api.test\r\nAccept: text/event-stream\r\n\r\n");
    ASSERT_NE(connects(), 0u);
    core->swap_policy(compiled(policy_with(kMcp)), at);
    EXPECT_TRUE(is_alive());
    core->swap_policy(compiled(queries_of("viewer")), at);
    EXPECT_FALSE(is_alive());
}

TEST_F(NewPolicy, WhatANewPolicyCouldOnlyJudgeByABodyThatHasGoneEnds)
{
    start(WhenUnruled::Deny, policy_with("{ host: api.test, port: 80, protocol: rest, enforcement: "
                                         "enforce, access: full }")
                                 .c_str());
    posts("/graphql", "{}");
    ASSERT_NE(connects(), 0u);
    core->swap_policy(compiled(queries_of("viewer")), at);
    EXPECT_FALSE(is_alive());
}

} // namespace
} // namespace osh::netproxy::core::test
