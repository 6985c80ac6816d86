// The listeners inside and who holds them: one sock_diag dump, one walk over /proc. Asked for by
// the supervisor when a person wants to know or something moved; never on a timer of its own.

#include "launcher/init/owner_lookup.h"
#include "launcher/init/process_facts.h"
#include "launcher/sys/network.h"

#include <algorithm>

namespace osh::launcher
{
namespace
{

struct Holder {
    std::int32_t pid = 0;
    std::string program;
};

Holder holder_of(sys::Fd const& proc, std::vector<std::int32_t> const& pids, std::uint64_t inode)
{
    for (std::int32_t const pid : pids) {
        if (pid == 1 || !holds_socket(proc, pid, inode))
            continue;
        auto facts = facts_of_process(proc, pid);
        return {pid, facts ? facts->identity.exe : std::string()};
    }
    return {};
}

} // namespace

std::vector<InsideListener> OwnerLookup::listeners() const
{
    // A socket of its own: an answer that breaks off must not be taken for that of a flow's owner.
    auto const diag = sys::open_sock_diag();
    if (!diag.ok())
        return {};
    auto const found = sys::tcp_listeners(*diag);
    if (!found.ok() || found->empty())
        return {};
    auto const pids = list_processes(proc_);
    std::vector<InsideListener> listeners;
    for (auto const& one : *found) {
        if (listeners.size() == kMaxInsideListeners)
            break;
        auto holder = holder_of(proc_, pids, one.inode);
        listeners.push_back({one.address.text(), one.port, holder.pid, std::move(holder.program)});
    }
    return listeners;
}

} // namespace osh::launcher
