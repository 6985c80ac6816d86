// What a decision costs with 10, 1,000 and 50,000 endpoints, and what loading a policy costs.
#include "policy/compile/compile_documents.h"
#include "policy/evaluate/evaluate.h"

#include <benchmark/benchmark.h>
#include <fstream>
#include <iterator>
#include <map>

namespace
{

using namespace osh;

std::string policy_text(std::int64_t endpoints)
{
    std::string out = "version: 1\nnetwork_policies:\n";
    for (std::int64_t i = 0; i < endpoints; ++i) {
        bool const is_rest = i % 2 == 0;
        out +=
            "  p" + std::to_string(i) + ":\n    endpoints:\n      - { host: "
            + (i % 10 == 9 ? "\"*.z" + std::to_string(i) + ".example.com\""
                           : "h" + std::to_string(i) + ".example.com")
            + ", port: 443"
            + (is_rest ? ", protocol: rest, enforcement: enforce, access: read-write }\n" : " }\n")
            + "    binaries:\n      - { path: /usr/bin/curl }\n      - { path: \"/opt/agent/**\" "
              "}\n";
    }
    return out;
}

std::shared_ptr<policy::Policy const> policy_with(std::int64_t endpoints)
{
    static std::map<std::int64_t, std::shared_ptr<policy::Policy const>> made;
    auto& policy = made[endpoints];
    if (policy)
        return policy;
    policy::ReaderLimits const limits{64 << 20, 32, 4'000'000};
    auto const document = policy::read_yaml("bench.yaml", policy_text(endpoints), limits);
    policy = policy::compile_documents({{&document, "bench.yaml"}}, policy::Enforcement::AsWritten)
                 .policy;
    return policy;
}

policy::RequestQuestion question_for(std::string_view host)
{
    policy::RequestQuestion question;
    question.connection.caller.binary = "/opt/agent/bin/claude";
    question.connection.host = host;
    question.connection.port = 443;
    question.protocol = "rest";
    question.method = "POST";
    question.path = "/v1/messages";
    question.query = "beta=true";
    return question;
}

void evaluate_request(benchmark::State& state)
{
    auto const policy = policy_with(state.range(0));
    std::string const host = "h" + std::to_string(state.range(0) / 2 & ~1) + ".example.com";
    auto const question = question_for(host);
    if (evaluate(*policy, question).decision != policy::Decision::Allow)
        state.SkipWithError("the request must be allowed");
    for (auto _ : state)
        benchmark::DoNotOptimize(evaluate(*policy, question));
}
BENCHMARK(evaluate_request)->Arg(10)->Arg(1'000)->Arg(50'000);

void evaluate_connect(benchmark::State& state)
{
    auto const policy = policy_with(state.range(0));
    std::string const host = "h" + std::to_string(state.range(0) / 2 | 1) + ".example.com";
    auto const question = question_for(host).connection;
    for (auto _ : state)
        benchmark::DoNotOptimize(evaluate(*policy, question));
}
BENCHMARK(evaluate_connect)->Arg(10)->Arg(1'000)->Arg(50'000);

void refuse_unknown_host(benchmark::State& state)
{
    auto const policy = policy_with(state.range(0));
    auto const question = question_for("a.b.c.evil.test").connection;
    for (auto _ : state)
        benchmark::DoNotOptimize(evaluate(*policy, question));
}
BENCHMARK(refuse_unknown_host)->Arg(10)->Arg(1'000)->Arg(50'000);

void load_default_policy(benchmark::State& state)
{
    std::ifstream file(OSH_SOURCE_DIR "/profiles/policies/openshell-default.yaml");
    std::string const text((std::istreambuf_iterator<char>(file)), {});
    for (auto _ : state)
        benchmark::DoNotOptimize(policy::compile_policy({{"default.yaml", text, ""}}));
}
BENCHMARK(load_default_policy)->Unit(benchmark::kMicrosecond);

} // namespace
