// The decision about one request on an admitted connection. Order: the target must be understood;
// one endpoint is chosen to say how the request is read; deny rules; allow rules; and only then
// does `enforcement: audit` turn a refusal into a report.

#include "policy/base/text.h"
#include "policy/evaluate/alone.h"
#include "policy/evaluate/body_reading.h"
#include "policy/evaluate/canonical_path.h"
#include "policy/evaluate/git_request.h"
#include "policy/evaluate/graphql_request.h"
#include "policy/evaluate/reachable.h"
#include "policy/evaluate/rpc_request.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

constexpr std::string_view kTextMessage = "WEBSOCKET_TEXT";

bool method_matches(std::string_view asked, std::string_view rule)
{
    return rule == "*" || equals_ignoring_case(asked, rule)
           || (equals_ignoring_case(asked, "HEAD") && equals_ignoring_case(rule, "GET"));
}

class RequestEvaluation
{
public:
    RequestEvaluation(Policy const& policy, RequestQuestion const& question)
        : policy_(policy), network_(*policy.network), question_(question)
    {
    }

    Verdict run();

private:
    bool needs_query() const;

    Verdict refuse(DenyCode code, std::string reason) const;
    Verdict judge();
    Verdict judge_by_mode();
    Verdict ask_again() const;
    Verdict judge_git_request() const;
    void choose_endpoint();
    Verdict allow(Endpoint const& endpoint, std::uint32_t line) const;
    std::string_view read_as_protocol(); // a reason to refuse, or ""
    std::string_view read_graphql();
    std::string_view read_rpc();
    std::string_view read_message();
    void read_git();
    std::string_view keep(Error error);
    bool wants_event_stream() const;
    bool carries_body() const
    {
        return question_.has_body || (question_.body && !question_.body->empty());
    }
    bool is_upgrade() const { return question_.protocol == "websocket"; }

    L7Rule const* denying_rule(Endpoint const& endpoint) const;
    L7Rule const* allowing_rule(Endpoint const& endpoint) const;
    bool allows(Endpoint const& endpoint) const;
    bool is_rpc() const { return is_json_rpc_family(chosen_->protocol); }

    Policy const& policy_;
    CompiledNetwork const& network_;
    RequestQuestion const& question_;
    std::vector<Endpoint const*> endpoints_; // all that the connection meets
    Endpoint const* chosen_ = nullptr;       // says how the request is read
    RequestTarget target_;
    QueryValues query_;
    std::vector<GraphqlOperation> operations_;
    bool has_graphql_ = false;
    RpcBody rpc_;
    bool is_receive_stream_ = false;
    bool is_steering_ = false; // a WebSocket message that carries no operation
    bool needs_body_ = false;
    std::optional<GitRequest> git_; // where any rule is about git
    bool needs_push_ = false;
    std::string kept_;
};

Verdict RequestEvaluation::refuse(DenyCode code, std::string reason) const
{
    Verdict verdict;
    verdict.code = code;
    verdict.reason = std::move(reason);
    verdict.canonical_path = target_.path;
    Endpoint const* const endpoint = chosen_              ? chosen_
                                     : endpoints_.empty() ? nullptr
                                                          : endpoints_[0];
    if (endpoint)
        verdict.rule = origin_of(network_, *endpoint, endpoint->line);
    return verdict;
}

Verdict RequestEvaluation::allow(Endpoint const& endpoint, std::uint32_t line) const
{
    Verdict verdict;
    verdict.decision = Decision::Allow;
    verdict.code = DenyCode::None;
    verdict.rule = origin_of(network_, endpoint, line);
    verdict.canonical_path = target_.path;
    return verdict;
}

std::string_view RequestEvaluation::keep(Error error)
{
    kept_ = std::move(error.sentence);
    return kept_;
}

bool RequestEvaluation::wants_event_stream() const
{
    for (auto const& header : question_.headers) {
        if (!equals_ignoring_case(header.name, "accept"))
            continue;
        for (auto part : split(header.value, ','))
            if (equals_ignoring_case(trimmed(part.substr(0, part.find(';'))), "text/event-stream"))
                return true;
    }
    return false;
}

std::string_view RequestEvaluation::read_graphql()
{
    has_graphql_ = true;
    if (equals_ignoring_case(question_.method, "GET")) {
        if (carries_body())
            return "a GET with a body: a server may look there for the operation";
        auto found = graphql_of_get(query_);
        if (!found)
            return keep(found.error());
        operations_ = *std::move(found);
        return {};
    }
    if (!equals_ignoring_case(question_.method, "POST"))
        return "GraphQL takes GET and POST only";
    if (!question_.body) {
        needs_body_ = true;
        return {};
    }
    if (question_.body->size() > chosen_->graphql_max_body_bytes)
        return "the body is larger than graphql_max_body_bytes";
    if (auto read = check_reading(question_.headers, *question_.body, kGraphqlKeys); !read)
        return keep(read.error());
    auto found = graphql_of_body(*question_.body);
    if (!found)
        return keep(found.error());
    if (auto alone = check_target_of_post(query_, *found); !alone)
        return keep(alone.error());
    operations_ = *std::move(found);
    return {};
}

std::string_view RequestEvaluation::read_rpc()
{
    if (equals_ignoring_case(question_.method, "GET") && wants_event_stream() && !carries_body()) {
        is_receive_stream_ = true;
        return {};
    }
    if (!question_.body && equals_ignoring_case(question_.method, "POST")) {
        needs_body_ = true;
        return {};
    }
    std::string_view const body = question_.body.value_or("");
    if (body.size() > chosen_->rpc_max_body_bytes)
        return "the body is larger than max_body_bytes";
    if (auto read = check_reading(question_.headers, body, kRpcKeys); !read)
        return keep(read.error());
    auto parsed = parse_rpc(body);
    if (!parsed)
        return keep(parsed.error());
    rpc_ = *std::move(parsed);
    if (rpc_.has_response && chosen_->protocol == Protocol::JsonRpc)
        return "JSON-RPC response frames are not permitted from client to server";
    if (chosen_->protocol == Protocol::Mcp)
        if (auto checked = check_mcp_calls(*chosen_, rpc_); !checked)
            return keep(checked.error());
    return {};
}

std::string_view RequestEvaluation::read_message()
{
    if (!is_upgrade())
        return "this endpoint takes WebSocket connections only";
    if (!equals_ignoring_case(question_.method, "GET") && question_.method != kTextMessage)
        return "a WebSocket handshake is a GET";
    if (question_.method != kTextMessage || !chosen_->has_graphql_policy())
        return {};
    if (!question_.body) {
        needs_body_ = true;
        return {};
    }
    has_graphql_ = true;
    auto found = graphql_of_message(*question_.body);
    if (!found)
        return keep(found.error());
    operations_ = *std::move(found);
    is_steering_ = operations_.empty();
    return {};
}

void RequestEvaluation::read_git()
{
    if (std::ranges::none_of(endpoints_, &Endpoint::has_git_rules))
        return;
    git_ = git_request(question_.method, target_.path, query_);
    needs_push_ = git_ && git_->operation == GitOperation::Push && git_->step == GitStep::Exchange
                  && question_.push == nullptr && is_git_judged(endpoints_, *git_);
}

std::string_view RequestEvaluation::read_as_protocol()
{
    switch (chosen_->protocol) {
    case Protocol::GraphQl: return read_graphql();
    case Protocol::JsonRpc:
    case Protocol::Mcp: return read_rpc();
    case Protocol::WebSocket: return read_message();
    case Protocol::Rest:
    case Protocol::Sql:
    case Protocol::None:
    case Protocol::Tcp: return {};
    }
    return "this protocol cannot be inspected";
}

L7Rule const* RequestEvaluation::denying_rule(Endpoint const& endpoint) const
{
    if (is_json_rpc_family(endpoint.protocol)) {
        for (auto const& call : rpc_.calls)
            if (L7Rule const* rule = denying_rpc_rule(endpoint, call))
                return rule;
        return nullptr;
    }
    for (auto const& rule : endpoint.deny_rules) {
        if (!rule.operation_type.empty() || !rule.command.empty() || rule.git)
            continue;
        bool const method = rule.method.empty() || method_matches(question_.method, rule.method);
        bool const path = rule.path.is_absent || rule.path.matches(target_.path);
        if (method && path && denies_query(rule.query, query_))
            return &rule;
    }
    if (git_)
        return denying_git_rule(endpoint, *git_, question_.push);
    return has_graphql_ ? denying_graphql_rule(endpoint, operations_) : nullptr;
}

L7Rule const* RequestEvaluation::allowing_rule(Endpoint const& endpoint) const
{
    for (auto const& rule : endpoint.rules)
        if (!rule.method.empty() && method_matches(question_.method, rule.method)
            && rule.path.matches(target_.path) && allows_query(rule.query, query_))
            return &rule;
    return nullptr;
}

bool RequestEvaluation::allows(Endpoint const& endpoint) const
{
    if (!is_json_rpc_family(endpoint.protocol))
        return has_graphql_ && allows_graphql(endpoint, operations_);
    if (is_receive_stream_)
        return endpoint.protocol == Protocol::Mcp;
    if (!equals_ignoring_case(question_.method, "POST"))
        return false;
    return std::ranges::all_of(
        rpc_.calls, [&](RpcCall const& call) { return allows_rpc(endpoint, call); });
}

Verdict RequestEvaluation::judge()
{
    // The endpoint that reads GraphQL or JSON-RPC has the last word on it: a broader rest rule on
    // the same host does not let an operation through.
    bool const is_operation = has_graphql_ || is_rpc();
    if (is_steering_)
        return allow(*chosen_, chosen_->line);
    for (Endpoint const* endpoint : endpoints_) {
        L7Rule const* const rule = denying_rule(*endpoint);
        if (!rule)
            continue;
        Verdict verdict =
            refuse(DenyCode::RuleDenied, fmt::format("{} {} blocked by deny rule",
                                             shown(question_.method, 40), shown(target_.path)));
        verdict.rule = origin_of(network_, *endpoint, rule->line);
        return verdict;
    }
    if (git_ && is_git_ruled(endpoints_, *git_))
        return judge_git_request();
    for (Endpoint const* endpoint : endpoints_) {
        if (is_operation && (endpoint->protocol == chosen_->protocol) && allows(*endpoint))
            return allow(*endpoint, endpoint->line);
        if (is_operation || is_json_rpc_family(endpoint->protocol))
            continue;
        if (L7Rule const* const rule = allowing_rule(*endpoint))
            return allow(*endpoint, rule->line);
    }
    if (git_)
        return refuse(DenyCode::NoRule, judge_git({}, *git_, nullptr).refusal);
    return refuse(DenyCode::NoRule, fmt::format("{} {} not permitted by policy",
                                        shown(question_.method, 40), shown(target_.path)));
}

// A rule about a repository has the last word on it, as one about operations has on those.
Verdict RequestEvaluation::judge_git_request() const
{
    auto const found = judge_git(endpoints_, *git_, question_.push);
    if (!found.refusal.empty())
        return refuse(DenyCode::NoRule, found.refusal);
    return allow(*found.endpoint, found.rule->line);
}

// A query that no rule looks at still must decode; without escapes it always does.
bool RequestEvaluation::needs_query() const
{
    auto const looks = [](L7Rule const& rule) { return !rule.query.empty() || rule.git; };
    return target_.query.find('%') != std::string::npos || chosen_->protocol == Protocol::GraphQl
           || std::ranges::any_of(endpoints_, [&](Endpoint const* endpoint) {
                  return std::ranges::any_of(endpoint->rules, looks)
                         || std::ranges::any_of(endpoint->deny_rules, looks);
              });
}

Verdict RequestEvaluation::run()
{
    bool is_any_inspected = false;
    for_each_reachable(network_, question_.connection, [&](Endpoint const& endpoint) {
        endpoints_.push_back(&endpoint);
        is_any_inspected = is_any_inspected || is_inspected(endpoint.protocol);
    });
    if (endpoints_.empty())
        return evaluate_alone(policy_, question_.connection).verdict;
    std::ranges::sort(endpoints_, {}, [](Endpoint const* endpoint) { return endpoint->entry; });
    auto target = canonical_target(question_.path, question_.query, question_.connection.host);
    if (!is_any_inspected) {
        target_.path = target ? target->path : "";
        return allow(*endpoints_.front(), endpoints_.front()->line);
    }
    if (!target)
        return refuse(DenyCode::BadRequest, target.error().sentence);
    target_ = *std::move(target);
    choose_endpoint();
    if (!chosen_)
        return refuse(DenyCode::NoRule, "no L7 endpoint path matched request");
    if (target_.has_encoded_slash && !chosen_->allow_encoded_slash)
        return refuse(DenyCode::BadRequest,
            "the request path contains an encoded slash, which this endpoint does not permit");
    if (needs_query()) {
        auto query = parse_query(target_.query);
        if (!query)
            return refuse(DenyCode::BadRequest, query.error().sentence);
        query_ = *std::move(query);
    }
    std::erase_if(endpoints_, [&](Endpoint const* endpoint) {
        return !endpoint->path.empty() && !endpoint->path_rule.matches(target_.path);
    });
    if (std::ranges::any_of(endpoints_, &Endpoint::has_broken_rule))
        return refuse(DenyCode::NoRule, "a pattern of the policy cannot be evaluated");
    if (auto reason = read_as_protocol(); !reason.empty())
        return refuse(DenyCode::BadRequest, std::string(reason));
    read_git();
    return needs_body_ || needs_push_ ? ask_again() : judge_by_mode();
}

Verdict RequestEvaluation::ask_again() const
{
    Verdict verdict = refuse(DenyCode::None, "");
    verdict.needs_body = needs_body_;
    verdict.needs_push = needs_push_ && !needs_body_;
    return verdict;
}

Verdict RequestEvaluation::judge_by_mode()
{
    Verdict verdict = judge();
    if (verdict.decision == Decision::Deny && chosen_->enforcement == EnforcementMode::Audit)
        verdict.decision = Decision::Audit;
    return verdict;
}

// The endpoint whose parsing rules bind: the most specific path that selects this request.
void RequestEvaluation::choose_endpoint()
{
    for (Endpoint const* endpoint : endpoints_)
        if (is_inspected(endpoint->protocol) && endpoint->selects_path(target_.path)
            && (!chosen_ || endpoint->path_specificity >= chosen_->path_specificity))
            chosen_ = endpoint;
}

} // namespace

Verdict evaluate_alone(Policy const& policy, RequestQuestion const& question)
{
    return RequestEvaluation(policy, question).run();
}

} // namespace osh::policy
