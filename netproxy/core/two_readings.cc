#include "netproxy/core/two_readings.h"

#include <algorithm>
#include <array>
#include <string>

namespace osh::netproxy::core
{
namespace
{

constexpr std::string_view kBackslash = "%5C"; // as the canonical path spells it

bool makes_dot_segments(std::string_view path)
{
    if (path.find(kBackslash) == std::string_view::npos)
        return false;
    while (!path.empty()) {
        auto const slash = std::min(path.find('/'), path.size());
        auto const back = std::min(path.find(kBackslash), path.size());
        auto const part = path.substr(0, std::min(slash, back));
        if (part == "." || part == "..")
            return true;
        auto const width = back < slash ? kBackslash.size() : 1;
        path.remove_prefix(std::min(part.size() + width, path.size()));
    }
    return false;
}

// The first bytes of two, three and four that stand for less than their length needs.
bool is_overlong(std::string_view path)
{
    constexpr std::array<std::string_view, 13> kStarts = {"%C0%8", "%C0%9", "%C0%A", "%C0%B",
        "%C1%8", "%C1%9", "%C1%A", "%C1%B", "%E0%8", "%E0%9", "%F0%8", "%F8%8", "%FC%8"};
    return std::ranges::any_of(kStarts,
        [&](std::string_view start) { return path.find(start) != std::string_view::npos; });
}

} // namespace

policy::Verdict evaluate_both_readings(
    policy::Policy const& policy, policy::RequestQuestion question)
{
    auto verdict = policy::evaluate(policy, question);
    if (question.query.find(';') == std::string_view::npos)
        return verdict;
    std::string other(question.query);
    std::ranges::replace(other, ';', '&');
    question.query = other;
    auto second = policy::evaluate(policy, question);
    return second.decision < verdict.decision ? second : verdict;
}

void refuse_odd_path(policy::Verdict& verdict, std::string_view canonical_path)
{
    bool const has_dots = makes_dot_segments(canonical_path);
    if (!has_dots && !is_overlong(canonical_path))
        return;
    verdict.decision = policy::Decision::Deny;
    verdict.code = policy::DenyCode::BadRequest;
    verdict.needs_body = verdict.needs_push = false;
    verdict.reason = has_dots ? "the request path hides a dot segment behind a backslash"
                              : "the request path spells ASCII in overlong UTF-8";
}

} // namespace osh::netproxy::core
