// A body is judged as JSON of one reading: what a server could read in another way is refused.
#include "policy/evaluate/body_reading.h"

#include "policy/base/diagnostic.h"
#include "policy/compile/policy.h"
#include "policy/evaluate/credential_rewrite.h"
#include "policy/evaluate/evaluate.h"

#include <gtest/gtest.h>

#include <fmt/core.h>

namespace osh::policy
{
namespace
{

std::shared_ptr<Policy const> policy_with(std::string const& endpoint)
{
    auto compiled = compile_policy({{"p.yaml",
        "version: 1\nnetwork_policies:\n  p:\n    endpoints:\n      - { host: a.test, port: 443, "
            + endpoint + " }\n    binaries: [ { path: \"**\" } ]\n",
        ""}});
    EXPECT_NE(compiled.policy, nullptr) << render(compiled.diagnostics);
    return compiled.policy;
}

std::shared_ptr<Policy const> graphql()
{
    return policy_with("protocol: graphql, enforcement: enforce, access: read-only, "
                       "persisted_queries: allow_registered, graphql_persisted_queries: { abc: { "
                       "operation_type: query, fields: [viewer] } }");
}

std::shared_ptr<Policy const> mcp()
{
    return policy_with("protocol: mcp, enforcement: enforce, rules: [ { allow: { method: "
                       "tools/list } }, { allow: { method: tools/call, tool: read_file } } ]");
}

struct Asked {
    std::string_view body;
    std::string_view content_type = "application/json";
    std::string_view query = "";
    std::string_view encoding = "";
    std::string_view method = "POST";
    std::string_view accept = "*/*";
};

Verdict verdict_on(Policy const& policy, Asked const& asked)
{
    std::vector<Header> headers{{"content-type", asked.content_type}, {"accept", asked.accept}};
    if (!asked.encoding.empty())
        headers.push_back({"content-encoding", asked.encoding});
    RequestQuestion question{{{"/x", {}}, "a.test", 443}, "rest", asked.method, "/q", asked.query};
    question.headers = headers;
    question.has_body = !asked.body.empty();
    if (asked.method == "POST")
        question.body = asked.body;
    return evaluate(policy, question);
}

bool passes(Policy const& policy, Asked const& asked)
{
    return verdict_on(policy, asked).decision == Decision::Allow;
}

// Refused in every mode: audit does not let it through.
bool is_unreadable(Policy const& policy, Asked const& asked)
{
    auto const verdict = verdict_on(policy, asked);
    return verdict.decision == Decision::Deny && verdict.code == DenyCode::BadRequest;
}

constexpr std::string_view kQuery = R"({"query":"{ viewer }"})";

TEST(BodyReading, TakesJsonUnderTheNamesThatClientsGiveIt)
{
    auto const policy = graphql();
    for (std::string_view type : {"application/json", "application/json; charset=utf-8",
             "application/json;charset=\"UTF-8\"", "application/graphql-response+json",
             "text/plain", "application/x-www-form-urlencoded"}) // curl -d
        EXPECT_TRUE(passes(*policy, {kQuery, type})) << type;
    EXPECT_TRUE(passes(*policy, {kQuery, "application/json", "", "identity"}));
    EXPECT_TRUE(passes(*policy,
        {R"({"query":"query Q { viewer }"})", "application/json", "operationName=Q&trace=1"}));
}

TEST(BodyReading, RefusesACharsetThatTurnsLettersIntoQuotes)
{
    auto const policy = graphql();
    // In UTF-7 it says "query" a second time, with a mutation.
    constexpr std::string_view kUtf7 =
        R"({"query":"{ viewer }","x":"+ACI-,+ACI-query+ACI-:+ACI-mutation { drop }"})";
    EXPECT_TRUE(passes(*policy, {kUtf7}));
    for (std::string_view type :
        {"application/json; charset=utf-7", "application/json;x=y; CHARSET = \"UTF-7\"",
            "application/json; charset=utf-8; charset=utf-7", "application/json; charset*=utf-7",
            "application/json; charset=utf-16le", "application/json, a/b;charset=utf-7"})
        EXPECT_TRUE(is_unreadable(*policy, {kUtf7, type})) << type;
}

TEST(BodyReading, RefusesAFormThatSaysSomethingAsWell)
{
    auto const policy = graphql();
    for (std::string_view inside : {"&query=mutation{drop}&", ";query=mutation{drop}",
             "&%71uery=mutation{drop}", "&+Query =mutation{drop}", "&query[]=mutation{drop}",
             "&extensions={}", "&documentId=7"}) {
        auto const body = fmt::format(R"({{"query":"{{ viewer }}","x":"{}"}})", inside);
        EXPECT_TRUE(passes(*policy, {body})) << body;
        for (std::string_view type : {"application/x-www-form-urlencoded", "text/plain",
                 "application/json, application/x-www-form-urlencoded"})
            EXPECT_TRUE(is_unreadable(*policy, {body, type})) << body << type;
    }
    EXPECT_TRUE(is_unreadable(*policy, {kQuery, "multipart/form-data; boundary=x"}));
}

TEST(BodyReading, RefusesAnEncodingAndTwoTypes)
{
    auto const policy = graphql();
    EXPECT_TRUE(is_unreadable(*policy, {kQuery, "application/json", "", "br"}));
    std::vector<Header> const headers{
        {"content-type", "application/json"}, {"content-type", "text/x"}};
    EXPECT_FALSE(check_reading(headers, kQuery, {}));
}

TEST(BodyReading, RefusesAnOperationInTheTargetOfAPost)
{
    auto const policy = graphql();
    for (std::string_view query : {"query=mutation{drop}", "Query=mutation{drop}", "id=7",
             "documentId=7", "extensions=%7B%7D", "operationName=Other", "a=1&%71uery=x"})
        EXPECT_TRUE(is_unreadable(*policy, {kQuery, "application/json", query})) << query;
    EXPECT_TRUE(passes(*policy, {kQuery, "application/json", "trace=1&query="}));
}

TEST(BodyReading, RefusesKeysThatDifferInCaseOnly)
{
    auto const policy = graphql();
    for (std::string_view body : {R"({"query":"{ viewer }","Query":"mutation { drop }"})",
             R"({"query":"{ viewer }","operationname":"B"})",
             R"({"query":"{ viewer }","exten\u017fions":{}})",
             R"({"extensions":{"persistedQuery":{"sha256Hash":"abc"}},"QUERY":"mutation{drop}"})",
             R"({"extensions":{"persistedQuery":{"sha256Hash":"abc","SHA256Hash":"d"}}})",
             R"([{"query":"{ viewer }"},{"query":"{ viewer }","qUery":"mutation{drop}"}])"})
        EXPECT_TRUE(is_unreadable(*policy, {body})) << body;
    EXPECT_TRUE(passes(*policy, {R"({"query":"{ viewer }","variables":{"a":1,"A":2}})"}));
}

TEST(BodyReading, RefusesTwoWaysToNameAnOperation)
{
    auto const policy = graphql();
    EXPECT_TRUE(passes(*policy, {R"({"id":"abc"})"}));
    EXPECT_TRUE(passes(*policy, {R"({"query":"{ viewer }","id":null})"}));
    for (std::string_view body :
        {R"({"id":"abc","documentId":"other"})", R"({"query":"{ viewer }","id":"other"})",
            R"({"extensions":{"persistedQuery":{"sha256Hash":"abc"}},"queryId":"other"})",
            R"({"query":["mutation { drop }"],"id":"abc"})",
            R"({"query":"{ ...F } fragment F on Q { viewer } fragment F on Q { drop }"})",
            R"({"operationName":"A","query":"query A { viewer } mutation A { drop }"})"})
        EXPECT_TRUE(is_unreadable(*policy, {body})) << body;
}

TEST(BodyReading, RefusesAGetThatCarriesABody)
{
    Asked asked{"", "application/json", "id=abc", "", "GET"};
    EXPECT_TRUE(passes(*graphql(), asked));
    asked.body = R"({"query":"mutation { drop }"})";
    EXPECT_TRUE(is_unreadable(*graphql(), asked));
    Asked stream{"", "application/json", "", "", "GET", "text/event-stream"};
    EXPECT_TRUE(passes(*mcp(), stream));
    stream.body = R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"drop"}})";
    EXPECT_TRUE(is_unreadable(*mcp(), stream));
}

TEST(BodyReading, HoldsCallsToTheSame)
{
    auto const policy = mcp();
    auto const call = [](std::string_view more) {
        return fmt::format(R"({{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"name":)"
                           R"("read_file"{}}}}})",
            more);
    };
    EXPECT_TRUE(passes(*policy, {call("")}));
    EXPECT_TRUE(passes(*policy, {call(R"(,"arguments":{"Name":"x"})")}));
    EXPECT_TRUE(is_unreadable(*policy, {call(R"(,"Name":"drop")")}));
    EXPECT_TRUE(is_unreadable(*policy, {call(""), "application/json; charset=utf-7"}));
    EXPECT_TRUE(is_unreadable(
        *policy, {R"({"jsonrpc":"2.0","id":1,"method":"tools/list","Method":"tools/call"})"}));
    EXPECT_TRUE(is_unreadable(*policy, {R"({"jsonrpc":"2.0","id":1,"method":"tools/list","param)"
                                        "\xc5\xbf"
                                        R"(":{"name":"drop"}})"}));
}

TEST(BodyReading, ReadsNothingBehindANul)
{
    using namespace std::string_view_literals;
    EXPECT_TRUE(is_unreadable(
        *graphql(), {"{\"query\":\"{ viewer }\"}\0{\"query\":\"mutation { drop }\"}"sv}));
}

TEST(CredentialRewrite, NeedsTheWordOfTheCeilings)
{
    auto const layer = [](std::string_view word, LayerRank rank) {
        auto const text = fmt::format(
            "version: 1\nnetwork_policies:\n  p:\n    endpoints:\n      - {{ host: a.test, port: "
            "443{} }}\n    binaries: [ {{ path: \"**\" }} ]\n",
            word);
        return PolicyLayer{std::string(name_of(rank)), text, "", rank};
    };
    constexpr std::string_view kRest = ", protocol: rest, enforcement: enforce, access: full";
    auto const with = std::string(kRest) + ", request_body_credential_rewrite: true";
    auto const fills = [&](std::string_view ceiling) {
        auto const compiled =
            compile_policy({layer(with, LayerRank::Profile), layer(ceiling, LayerRank::Global)});
        EXPECT_NE(compiled.policy, nullptr) << render(compiled.diagnostics);
        return credential_rewrite(*compiled.policy, {{"/x", {}}, "a.test", 443}, "/q").in_body;
    };
    EXPECT_TRUE(fills(with));
    EXPECT_TRUE(fills("")); // carries bytes, says nothing of requests
    EXPECT_FALSE(fills(kRest));
}

} // namespace
} // namespace osh::policy
