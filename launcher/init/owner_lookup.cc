#include "launcher/init/owner_lookup.h"

#include "launcher/sys/network.h"
#include "launcher/sys/proc_view.h"

#include <fcntl.h>

namespace osh::launcher
{

// The mark is looked at last: it is never taken back.
std::optional<ProcessFacts> OwnerLookup::facts_of(std::int32_t pid) const
{
    auto facts = facts_of_process(proc_, pid);
    if (!facts)
        return facts;
    std::string const link = std::to_string(pid) + "/ns/mnt";
    if (home_namespace_.empty() || sys::read_link(proc_, link.c_str()) != home_namespace_)
        facts->identity.is_trusted_place = false;
    if (marks_.was_traced(proc_, pid))
        facts->identity.is_traced = true;
    return facts;
}

std::vector<policy::ProcessIdentity> OwnerLookup::ancestors_of(std::int32_t parent) const
{
    std::vector<policy::ProcessIdentity> ancestors;
    while (parent > 1 && ancestors.size() < policy::kMaxAncestors) { // 1 is init itself
        auto facts = facts_of(parent);
        if (!facts)
            break;
        parent = facts->parent;
        ancestors.push_back(std::move(facts->identity));
    }
    return ancestors;
}

Result<OwnerLookup> OwnerLookup::create(sys::Fd proc, TraceMarks marks, std::string home_namespace)
{
    LET(diag, sys::open_sock_diag());
    return OwnerLookup(
        std::move(proc), std::move(diag), std::move(marks), std::move(home_namespace));
}

policy::OwnerAnswer OwnerLookup::answer(policy::OwnerQuery const& query) const
{
    policy::OwnerAnswer answer;
    answer.id = query.id;
    auto const inode =
        sys::inode_of_socket(diag_, {query.ip_protocol, query.source, query.destination,
                                        query.source_port, query.destination_port});
    if (!inode.ok() || !inode->has_value())
        return answer;
    for (std::int32_t pid : list_processes(proc_)) {
        if (pid == 1 || !holds_socket(proc_, pid, **inode))
            continue;
        auto facts = facts_of(pid);
        if (!facts)
            continue;
        auto ancestors = ancestors_of(facts->parent);
        answer.holders.push_back({std::move(facts->identity), std::move(ancestors)});
        if (answer.holders.size() == policy::kMaxHolders)
            break;
    }
    return answer;
}

} // namespace osh::launcher
