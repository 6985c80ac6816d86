#include "launcher/init/owner_lookup.h"

#include "launcher/init/ending.h"
#include "launcher/sys/entry_calls.h"
#include "launcher/sys/local_queues.h"
#include "launcher/sys/network.h"
#include "launcher/sys/proc_view.h"

#include <algorithm>
#include <cerrno>
#include <netinet/in.h>
#include <sys/syscall.h>

namespace osh::launcher
{
namespace
{

bool is_running(sys::Fd const& proc, std::int32_t pid)
{
    return sys::entry_exists(proc, std::to_string(pid).c_str()) && !has_process_ended(proc, pid);
}

constexpr int kMostWalks = 5; // for one answer

// In a busy tree a walk meets threads that end, and children between fork(2) and execve(2) that
// still hold what their parent does. Another walk tells whether that was all.
bool may_be_passing(SocketSearch const& search, std::vector<policy::Holder> const& holders)
{
    if (search.depth != policy::OwnerDepth::Proven)
        return false;
    auto const is_other = [&](policy::Holder const& holder) {
        return holder.process.exe != holders.front().process.exe;
    };
    return holders.empty() || std::ranges::any_of(holders, is_other);
}

// What was looked at already is left out. A kernel that does not tell leaves every socket suspect.
CarrierSearch carriers_among(
    Result<sys::LocalQueues> const& queues, std::vector<std::uint64_t> const& known)
{
    CarrierSearch carriers;
    carriers.are_all_suspect = !queues.ok();
    if (queues.ok())
        for (auto const inode : queues->filled)
            if (!std::ranges::binary_search(known, inode))
                carriers.suspects.push_back(inode);
    std::ranges::sort(carriers.suspects);
    return carriers;
}

} // namespace

Result<OwnerLookup> OwnerLookup::create(sys::Fd proc, Watch watch, std::string home_namespace)
{
    if (watch.listener.is_open())
        sys::wake_in_place(watch.listener);
    LET(diag, sys::open_sock_diag());
    return OwnerLookup(
        std::move(proc), std::move(diag), std::move(watch), std::move(home_namespace));
}

void OwnerLookup::ignore_all_but(std::int32_t agent)
{
    std::vector<std::int32_t> helpers;
    list_processes(proc_, helpers);
    std::erase(helpers, agent);
    holders_.ignore(std::move(helpers));
}

void OwnerLookup::hear_watched()
{
    sys::Notification call;
    if (sys::receive_call(watch_.listener, call) != sys::Heard::Call)
        return;
    if (call.call == SYS_connect) {
        look_at_opener(call.thread, static_cast<std::int32_t>(call.arguments[0]));
        if (sys::is_waiting(watch_.listener, call.id))
            opener_stands();
        (void)sys::continue_call(watch_.listener, call.id);
    } else if (may_trace(call)) {
        (void)sys::continue_call(watch_.listener, call.id);
    } else {
        (void)sys::answer_call(watch_.listener, call.id, EPERM);
    }
}

std::vector<policy::OwnerAnswer> OwnerLookup::answer(std::span<policy::OwnerQuery const> queries)
{
    std::vector<SocketSearch> searches;
    std::vector<std::size_t> asked_by; // the query of each search
    std::vector<bool> is_held(queries.size());
    for (std::size_t i = 0; i < queries.size(); ++i) {
        auto const& query = queries[i];
        auto const inode =
            sys::inode_of_socket(diag_, {query.ip_protocol, query.source, query.destination,
                                            query.source_port, query.destination_port});
        is_held[i] = !inode.ok() || inode->has_value();
        if (!inode.ok() || !inode->has_value() || query.depth == policy::OwnerDepth::Held)
            continue;
        SocketSearch search{.inode = **inode, .depth = query.depth};
        search.is_opened = watch_.hears_openers && query.ip_protocol == IPPROTO_TCP
                           && query.depth == policy::OwnerDepth::Proven;
        searches.push_back(std::move(search));
        asked_by.push_back(i);
    }
    auto const transit = searches.empty() ? Transit::No : find(searches);
    std::vector<policy::OwnerAnswer> answers(queries.size());
    for (std::size_t i = 0; i < searches.size(); ++i)
        answers[asked_by[i]] = settled(searches[i], transit);
    for (std::size_t i = 0; i < queries.size(); ++i) {
        answers[i].id = queries[i].id;
        answers[i].is_held = is_held[i];
    }
    return answers;
}

// A descriptor in flight is in no table. Whoever puts one aside must have it back afterwards, so
// the queues are looked at before the walk, with it, and after it.
OwnerLookup::Transit OwnerLookup::find(std::span<SocketSearch> searches)
{
    bool const must_know = std::ranges::any_of(
        searches, [](auto const& search) { return search.depth == policy::OwnerDepth::Proven; });
    if (!must_know) {
        holders_.find(proc_, searches);
        return Transit::No;
    }
    auto const before = sys::local_queues();
    auto carriers = carriers_among(before, {});
    holders_.find(proc_, searches, carriers);
    auto const after = sys::local_queues();
    bool const has_backlog =
        (before.ok() && before->has_backlog) || (after.ok() && after->has_backlog);
    if (has_backlog || carriers.has_found)
        return Transit::Yes;
    auto late = carriers_among(after, carriers.suspects);
    if (!late.is_over())
        holders_.find(proc_, searches, late); // what came back meanwhile is in a table now
    return late.has_found ? Transit::Yes : Transit::No;
}

policy::OwnerAnswer OwnerLookup::settled(SocketSearch search, Transit transit)
{
    auto holders = describe(search);
    for (int walk = 1; walk < kMostWalks; ++walk) {
        bool const is_open = search.depth == policy::OwnerDepth::Proven && transit == Transit::Yes;
        if (!is_open && !may_be_passing(search, holders))
            break;
        search.pids.clear();
        search.is_complete = true;
        transit = find({&search, 1});
        holders = describe(search);
    }
    if (search.is_opened && !holders.empty() && !may_be_passing(search, holders))
        openers_.settle(search.inode);
    return {0, std::move(holders), transit == Transit::Yes, true};
}

// Nobody, unless all are described: a holder that changes while it is looked at must not vanish
// from a list that then looks like one program's.
std::vector<policy::Holder> OwnerLookup::describe(SocketSearch const& search)
{
    std::vector<policy::Holder> holders;
    if (!search.is_complete)
        return holders;
    for (std::int32_t const pid : search.pids) {
        auto facts = facts_of(pid, search.depth);
        if (facts)
            holders.push_back(
                {std::move(facts->identity), ancestors_of(facts->parent, search.depth)});
        else if (is_running(proc_, pid))
            return {};
    }
    if (search.is_opened && !holders.empty() && !add_opener(search.inode, holders))
        return {};
    return holders;
}

bool OwnerLookup::add_opener(std::uint64_t inode, std::vector<policy::Holder>& holders)
{
    auto const [word, opener] = openers_.who_opened(inode);
    if (word != Openers::Word::Open)
        return word == Openers::Word::Settled;
    bool const is_holder = std::ranges::any_of(
        holders, [&](auto const& holder) { return holder.process.pid == opener.pid; });
    if (!is_holder) {
        auto facts = facts_of(opener.pid, policy::OwnerDepth::Proven);
        if (!facts)
            return false;
        holders.push_back(
            {std::move(facts->identity), ancestors_of(facts->parent, policy::OwnerDepth::Proven)});
    }
    // Looked at last: what was described is the program that opened it.
    return opener_at(proc_, opener.pid) == opener;
}

std::optional<ProcessFacts> OwnerLookup::facts_of(std::int32_t pid, policy::OwnerDepth depth)
{
    constexpr int kMostTries = 3; // it may be in the middle of execve(2)
    std::optional<ProcessFacts> facts;
    for (int i = 0; i < kMostTries && !facts; ++i)
        facts = book_.facts_of(proc_, pid, depth);
    if (!facts || depth != policy::OwnerDepth::Proven)
        return facts;
    std::string const link = std::to_string(pid) + "/ns/mnt";
    if (home_namespace_.empty() || sys::read_link(proc_, link.c_str()) != home_namespace_)
        facts->identity.is_trusted_place = false;
    // The mark is looked at last: it is never taken back.
    if (watch_.marks.was_traced(proc_, pid))
        facts->identity.is_traced = true;
    return facts;
}

std::vector<policy::ProcessIdentity> OwnerLookup::ancestors_of(
    std::int32_t parent, policy::OwnerDepth depth)
{
    std::vector<policy::ProcessIdentity> ancestors;
    while (parent > 1 && ancestors.size() < policy::kMaxAncestors) { // 1 is init itself
        auto facts = facts_of(parent, depth);
        if (!facts)
            break;
        parent = facts->parent;
        ancestors.push_back(std::move(facts->identity));
    }
    return ancestors;
}

} // namespace osh::launcher
