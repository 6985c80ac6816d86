#include "netproxy/core/identity.h"

#include "policy/base/text.h"

#include <algorithm>
#include <array>
#include <utility>

namespace osh::netproxy::core
{
namespace
{

// What takes the proof away from a program: its name could be anyone's, or its code somebody
// else's. In words for journal and prompt.
std::vector<std::string> taints_of(policy::ProcessIdentity const& process)
{
    std::vector<std::string> taints;
    if (process.is_deleted)
        taints.emplace_back("deleted");
    else if (!process.is_trusted_place)
        taints.emplace_back("writable"); // the file, or code that it has mapped
    if (process.is_changed)
        taints.emplace_back("changed");
    if (process.is_preloaded)
        taints.emplace_back("preload");
    if (process.is_traced)
        taints.emplace_back("traced");
    return taints;
}

std::string_view words_for(std::string_view taint)
{
    constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kWords{{
        {"deleted", "its file was deleted"},
        {"writable", "the agent can change its code"},
        {"changed", "its file is not the one that was seen first"},
        {"preload", "LD_PRELOAD or LD_AUDIT brings in other code"},
        {"traced", "it was traced"},
        {"shared", "several programs hold the connection"},
        {"in transit", "connections are being handed between programs"},
        {"handed on", "another program had opened the connection"},
    }};
    auto const found = std::ranges::find(kWords, taint, &decltype(kWords)::value_type::first);
    return found == kWords.end() ? taint : found->second;
}

bool may_be_relied_on(policy::ProcessIdentity const& process)
{
    return process.is_trusted_place && !process.is_deleted && !process.is_traced
           && !process.is_preloaded && !process.is_changed && process.exe.starts_with('/');
}

std::string shown_binary(policy::ProcessIdentity const& process)
{
    return may_be_relied_on(process) ? process.exe : "untrusted:" + process.exe;
}

bool is_same_program(policy::Holder const& a, policy::Holder const& b)
{
    return a.process.exe == b.process.exe && a.process.inode == b.process.inode
           && a.process.device == b.process.device;
}

} // namespace

Identity Identity::from(policy::OwnerAnswer const& answer, policy::OwnerDepth depth)
{
    if (answer.holders.empty())
        return {};
    Facts facts;
    auto& program = facts.program;
    auto const& first = answer.holders.front();
    program.binary = shown_binary(first.process);
    program.script = first.process.script;
    program.command_line = first.process.command_line;
    program.pid = first.process.pid;
    for (auto const& ancestor : first.ancestors)
        program.chain.push_back(shown_binary(ancestor));

    program.taints = taints_of(first.process);

    // A socket that several programs hold belongs to whichever of them is the least trusted.
    program.is_ambiguous = !std::ranges::all_of(
        answer.holders, [&](auto const& other) { return is_same_program(first, other); });
    if (program.is_ambiguous)
        program.taints.emplace_back("shared");
    if (answer.is_in_transit)
        program.taints.emplace_back("in transit");
    bool const is_proven = !program.is_ambiguous && !answer.is_in_transit
                           && std::ranges::all_of(answer.holders,
                               [](auto const& holder) { return may_be_relied_on(holder.process); });
    if (!is_proven || depth != policy::OwnerDepth::Proven)
        return Identity(std::move(facts));
    facts.binary = first.process.exe;
    for (auto const& ancestor : first.ancestors)
        if (may_be_relied_on(ancestor))
            facts.ancestors.push_back(ancestor.exe);
    return Identity(std::move(facts));
}

Identity::Identity(Facts facts)
{
    auto const own = std::make_shared<Facts>(std::move(facts));
    own->ancestor_views.assign(own->ancestors.begin(), own->ancestors.end());
    facts_ = own;
}

Identity Identity::confirmed_by(Identity later) const
{
    Facts facts = later.facts_ ? *later.facts_ : Facts{};
    bool const is_same = program().binary == facts.program.binary;
    if (facts.program.binary.empty())
        facts.program = program(); // it has ended: shown as it was
    for (auto const& taint : program().taints)
        if (std::ranges::find(facts.program.taints, taint) == facts.program.taints.end())
            facts.program.taints.push_back(taint);
    if (!is_same) {
        facts.program.is_ambiguous = true;
        facts.program.taints.emplace_back("handed on");
    }
    if (!is_same || !is_proven()) {
        facts.binary.clear();
        facts.ancestors.clear();
    }
    return Identity(std::move(facts));
}

std::string Identity::doubt() const
{
    if (is_proven())
        return {};
    if (!facts_ || facts_->program.binary.empty())
        return "which program it was could not be found out";
    std::string why;
    for (auto const& taint : facts_->program.taints) {
        why += why.empty() ? ": " : ", ";
        why += words_for(taint);
    }
    return "that it was " + shown(facts_->program.binary, 120) + " is not proven" + why;
}

policy::Caller Identity::caller() const
{
    if (!facts_)
        return {};
    return {facts_->binary, facts_->ancestor_views};
}

bool Identity::says_the_same_as(Identity const& other) const
{
    if (!facts_ || !other.facts_)
        return facts_ == other.facts_;
    return facts_->program == other.facts_->program && facts_->binary == other.facts_->binary
           && facts_->ancestors == other.facts_->ancestors;
}

Identity IdentityBook::shared(Identity fresh)
{
    auto const known = std::ranges::find_if(
        met_, [&](Identity const& one) { return one.says_the_same_as(fresh); });
    if (known != met_.end())
        return *known;
    if (met_.size() < kMostRemembered)
        met_.push_back(fresh);
    else
        met_[next_++ % kMostRemembered] = fresh;
    return fresh;
}

} // namespace osh::netproxy::core
