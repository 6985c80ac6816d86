#include "netproxy/core/identity.h"

#include <algorithm>

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
    Identity identity;
    if (answer.holders.empty())
        return identity;
    auto const& first = answer.holders.front();
    identity.program_.binary = shown_binary(first.process);
    identity.program_.script = first.process.script;
    identity.program_.command_line = first.process.command_line;
    identity.program_.pid = first.process.pid;
    for (auto const& ancestor : first.ancestors)
        identity.program_.chain.push_back(shown_binary(ancestor));

    identity.program_.taints = taints_of(first.process);

    // A socket that several programs hold belongs to whichever of them is the least trusted.
    identity.program_.is_ambiguous = !std::ranges::all_of(
        answer.holders, [&](auto const& other) { return is_same_program(first, other); });
    if (identity.program_.is_ambiguous)
        identity.program_.taints.emplace_back("shared");
    bool const is_proven = !identity.program_.is_ambiguous
                           && std::ranges::all_of(answer.holders,
                               [](auto const& holder) { return may_be_relied_on(holder.process); });
    if (!is_proven || depth != policy::OwnerDepth::Proven)
        return identity;
    identity.binary_ = first.process.exe;
    for (auto const& ancestor : first.ancestors)
        if (may_be_relied_on(ancestor))
            identity.ancestors_.push_back(ancestor.exe);
    return identity;
}

Identity Identity::confirmed_by(Identity later) const
{
    bool const is_same = program_.binary == later.program_.binary;
    if (later.program_.binary.empty())
        later.program_ = program_; // it has ended: shown as it was
    if (!is_same) {
        later.program_.is_ambiguous = true;
        later.program_.taints.emplace_back("handed on");
    }
    if (!is_same || !is_proven()) {
        later.binary_.clear();
        later.ancestors_.clear();
    }
    return later;
}

policy::Caller Identity::caller() const
{
    ancestor_views_.assign(ancestors_.begin(), ancestors_.end());
    return {binary_, ancestor_views_};
}

} // namespace osh::netproxy::core
