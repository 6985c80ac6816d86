#include "policy/evaluate/git_request.h"

#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

constexpr std::string_view kDiscovery = "/info/refs";
constexpr std::string_view kFetches = "git-upload-pack";
constexpr std::string_view kPushes = "git-receive-pack";
constexpr std::size_t kShownName = 200;
constexpr std::size_t kShownPatterns = 4;

std::optional<GitOperation> operation_of(std::string_view service)
{
    if (service == kFetches)
        return GitOperation::Fetch;
    if (service == kPushes)
        return GitOperation::Push;
    return std::nullopt;
}

std::string repository_of(std::string_view path)
{
    if (path.starts_with('/'))
        path.remove_prefix(1);
    if (path.ends_with(".git"))
        path.remove_suffix(4);
    return std::string(path);
}

bool any_rule(std::vector<L7Rule> const& rules, GitRequest const& request)
{
    return std::ranges::any_of(rules, [&](L7Rule const& rule) {
        return rule.git && rule.git->names(request.operation, request.repository);
    });
}

// Why this rule does not allow a command on a ref that it names; "" if it does.
std::string_view objection(GitRule const& rule, GitCommand const& command)
{
    if (command.ref.starts_with(kTags) && !rule.may_tag)
        return "is a tag, and tags may not be pushed";
    if (command.change == GitChange::Delete && !rule.may_delete)
        return "may not be deleted";
    if (command.change == GitChange::Update && !rule.may_force && !command.is_fast_forward)
        return "may only move forward, and this push is not seen to keep its commits (force)";
    return {};
}

// The rules that name the repository for this operation, with their endpoints.
class Judge
{
public:
    Judge(EndpointList endpoints, GitRequest const& request) : request_(request)
    {
        for (Endpoint const* endpoint : endpoints)
            for (auto const& rule : endpoint->rules)
                if (rule.git && rule.git->names(request.operation, request.repository))
                    found_.push_back({&rule, endpoint});
    }

    GitJudgement run(GitPush const* push) const
    {
        if (found_.empty())
            return refuse("not permitted by policy");
        GitJudgement out{found_.front().rule, found_.front().endpoint, ""};
        if (push == nullptr)
            return out;
        for (auto const& command : push->commands) {
            out = judge(command);
            if (!out.refusal.empty())
                return out;
        }
        for (auto const& option : push->options)
            if (!takes_option(option))
                return refuse(fmt::format(
                    "no rule permits the push option {}", in_quotes(option, kShownName)));
        return out;
    }

private:
    struct Found {
        L7Rule const* rule;
        Endpoint const* endpoint;
    };

    GitJudgement refuse(std::string_view why) const
    {
        return {nullptr, nullptr,
            fmt::format("git {} {}: {}", name_of(request_.operation),
                shown(request_.repository, kShownName), why)};
    }

    GitJudgement judge(GitCommand const& command) const
    {
        std::string_view why;
        for (auto const& one : found_) {
            if (!one.rule->git->names_ref(command.ref))
                continue;
            why = objection(*one.rule->git, command);
            if (why.empty())
                return {one.rule, one.endpoint, ""};
        }
        auto const ref = shown(command.ref, kShownName);
        if (!why.empty())
            return refuse(fmt::format("{} {}", ref, why));
        return refuse(fmt::format("{} may not be pushed, only {}", ref, patterns()));
    }

    bool takes_option(std::string const& option) const
    {
        return std::ranges::any_of(found_, [&](Found const& one) {
            return std::ranges::any_of(one.rule->git->push_options,
                [&](Glob const& glob) { return glob.matches(option); });
        });
    }

    std::string patterns() const
    {
        std::vector<std::string_view> all;
        for (auto const& one : found_) {
            if (one.rule->git->refs.empty())
                all.push_back("refs/heads/**");
            for (auto const& glob : one.rule->git->refs)
                all.push_back(glob.pattern());
        }
        std::string out;
        for (std::size_t i = 0; i < std::min(all.size(), kShownPatterns); ++i)
            (out += i == 0 ? "" : ", ") += shown(all[i], kShownName);
        return all.size() > kShownPatterns ? out + ", …" : out;
    }

    GitRequest const& request_;
    std::vector<Found> found_;
};

} // namespace

std::optional<GitRequest> git_request(
    std::string_view method, std::string_view canonical_path, QueryValues const& query)
{
    if (equals_ignoring_case(method, "GET") || equals_ignoring_case(method, "HEAD")) {
        auto const service = query.find("service");
        if (!canonical_path.ends_with(kDiscovery) || service == query.end()
            || service->second.size() != 1)
            return std::nullopt;
        canonical_path.remove_suffix(kDiscovery.size());
        auto const operation = operation_of(service->second.front());
        if (!operation)
            return std::nullopt;
        return GitRequest{*operation, GitStep::Discover, repository_of(canonical_path)};
    }
    auto const slash = canonical_path.rfind('/');
    if (!equals_ignoring_case(method, "POST") || slash == std::string_view::npos)
        return std::nullopt;
    auto const operation = operation_of(canonical_path.substr(slash + 1));
    if (!operation)
        return std::nullopt;
    return GitRequest{
        *operation, GitStep::Exchange, repository_of(canonical_path.substr(0, slash))};
}

bool is_git_judged(EndpointList endpoints, GitRequest const& request)
{
    return std::ranges::any_of(endpoints, [&](Endpoint const* endpoint) {
        return any_rule(endpoint->rules, request) || any_rule(endpoint->deny_rules, request);
    });
}

bool is_git_ruled(EndpointList endpoints, GitRequest const& request)
{
    return std::ranges::any_of(
        endpoints, [&](Endpoint const* endpoint) { return any_rule(endpoint->rules, request); });
}

L7Rule const* denying_git_rule(
    Endpoint const& endpoint, GitRequest const& request, GitPush const* push)
{
    for (auto const& rule : endpoint.deny_rules) {
        if (!rule.git || !rule.git->names(request.operation, request.repository))
            continue;
        if (rule.git->refs.empty())
            return &rule;
        if (push != nullptr && std::ranges::any_of(push->commands, [&](GitCommand const& command) {
                return rule.git->names_ref(command.ref);
            }))
            return &rule;
    }
    return nullptr;
}

GitJudgement judge_git(EndpointList endpoints, GitRequest const& request, GitPush const* push)
{
    return Judge(endpoints, request).run(push);
}

} // namespace osh::policy
