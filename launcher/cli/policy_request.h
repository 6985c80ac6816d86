#pragma once
// A request to be judged without a network: what `osh policy test`, `explain` and `diff` ask about.
// In: a JSON object or a URL; out: one decision. The order of steps is the proxy's.

#include "policy/base/result.h"
#include "policy/evaluate/evaluate.h"

#include <optional>
#include <string>
#include <vector>

namespace osh::cli
{

struct TestRequest {
    std::string id;
    bool has_id = false;
    std::string host;
    std::int64_t port = 443;
    std::string binary;
    std::vector<std::string> ancestors;
    std::string scheme = "https"; // https, http, tcp
    std::string protocol;
    std::optional<std::string> method; // none: the connection only
    std::string path = "/";
    std::string query;
    std::string body;
    std::vector<std::string> push; // "ref", "+ref" (moved, not forward), ":ref" (deleted)
    std::vector<std::pair<std::string, std::string>> headers;
    std::optional<std::vector<std::string>> resolved_ips; // none: one public address
};

struct TestAnswer {
    policy::Decision decision = policy::Decision::Deny;
    policy::Verdict verdict;     // of the step that decided
    std::string reported_policy; // the entry that admits the connection
    std::string step;            // "connection", "address", "request"
};

Result<TestRequest> parse_test_request(std::string_view json_line);
Result<TestRequest> test_request_of_url(std::string_view url);
TestAnswer decide(policy::Policy const& policy, TestRequest const& request);
std::string_view word_of(policy::Decision decision); // "allow", "deny", "audit"
std::string answer_json(TestRequest const& request, TestAnswer const& answer);

} // namespace osh::cli
