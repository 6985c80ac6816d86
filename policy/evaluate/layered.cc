// evaluate.h: the granting layers first, then each ceiling, which must allow too
// (docs/policy-layers.md). Nothing here can turn a refusal into more.

#include "policy/base/text.h"
#include "policy/evaluate/alone.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

Verdict const& verdict_of(ConnectVerdict const& answer)
{
    return answer.verdict;
}

Verdict const& verdict_of(Verdict const& answer)
{
    return answer;
}

bool is_exempt(PolicyCeiling const& ceiling, auto const& ask)
{
    return ceiling.exempt && verdict_of(ask(*ceiling.exempt)).decision == Decision::Allow;
}

// What a ceiling refuses or doubts, with its own rule as the reason.
void lower(Verdict& to, Verdict from, LayerRank rank)
{
    if (from.decision >= to.decision && !from.is_open())
        return;
    from.canonical_path = std::move(to.canonical_path);
    if (!from.reason.empty())
        from.reason = fmt::format("{} (says the {} layer)", from.reason, name_of(rank));
    to = std::move(from);
}

void join(ConnectVerdict& to, ConnectVerdict const& from, LayerRank rank)
{
    bool const must_look = from.inspection == Inspection::Terminate;
    lower(to.verdict, from.verdict, rank);
    to.max_body_bytes = std::max(to.max_body_bytes, from.max_body_bytes);
    if (must_look && to.tls_skip && to.verdict.decision != Decision::Deny) {
        to.verdict.decision = Decision::Deny;
        to.verdict.code = DenyCode::Unsupported;
        to.verdict.reason = fmt::format(
            "the {} layer must look into this traffic, tls: skip forbids it", name_of(rank));
    }
    if (from.tls_skip && to.inspection == Inspection::Splice)
        to.tls_skip = true;
    if (must_look)
        to.inspection = Inspection::Terminate;
}

} // namespace

bool may_be_asked_for(Policy const& policy, std::string_view name)
{
    return may_be_asked_for_alone(policy, name) && ceilings_know(policy, name);
}

bool ceilings_know(Policy const& policy, std::string_view name)
{
    return std::ranges::all_of(policy.ceilings, [&](PolicyCeiling const& ceiling) {
        return may_be_asked_for_alone(*ceiling.policy, name)
               || (ceiling.exempt && may_be_asked_for_alone(*ceiling.exempt, name));
    });
}

ConnectVerdict evaluate(Policy const& policy, ConnectQuestion const& question)
{
    auto const ask = [&](Policy const& one) { return evaluate_alone(one, question); };
    ConnectVerdict out = ask(policy);
    for (auto const& ceiling : policy.ceilings)
        if (out.verdict.decision != Decision::Deny && !is_exempt(ceiling, ask))
            join(out, ask(*ceiling.policy), ceiling.rank);
    return out;
}

Verdict check_address(
    Policy const& policy, ConnectQuestion const& question, IpAddress const& address)
{
    auto const ask = [&](Policy const& one) { return check_address_alone(one, question, address); };
    Verdict out = ask(policy);
    for (auto const& ceiling : policy.ceilings)
        if (out.decision != Decision::Deny && !is_exempt(ceiling, ask))
            lower(out, ask(*ceiling.policy), ceiling.rank);
    return out;
}

CredentialRewrite credential_rewrite(
    Policy const& policy, ConnectQuestion const& connection, std::string_view canonical_path)
{
    auto const ask = [&](Policy const& one) { return evaluate_alone(one, connection); };
    auto out =
        credential_rewrite_alone(policy, connection, canonical_path).value_or(CredentialRewrite{});
    for (auto const& ceiling : policy.ceilings) {
        if (is_exempt(ceiling, ask))
            continue;
        auto const most = credential_rewrite_alone(*ceiling.policy, connection, canonical_path)
                              .value_or(CredentialRewrite{true, true});
        out.in_messages = out.in_messages && most.in_messages;
        out.in_body = out.in_body && most.in_body;
    }
    return out;
}

Verdict evaluate(Policy const& policy, RequestQuestion const& question)
{
    auto const ask = [&](Policy const& one) { return evaluate_alone(one, question); };
    Verdict out = ask(policy);
    for (auto const& ceiling : policy.ceilings)
        if (out.decision != Decision::Deny && !out.is_open() && !is_exempt(ceiling, ask))
            lower(out, ask(*ceiling.policy), ceiling.rank);
    return out;
}

} // namespace osh::policy
