// The listeners inside and who holds them: one sock_diag dump, one walk over /proc. Asked for by
// the supervisor when a person wants to know or something moved; never on a timer of its own.

#include "launcher/init/owner_lookup.h"
#include "launcher/sys/network.h"

namespace osh::launcher
{
std::vector<InsideListener> OwnerLookup::listeners()
{
    // A socket of its own: an answer that breaks off must not be taken for that of a flow's owner.
    auto const diag = sys::open_sock_diag();
    if (!diag.ok())
        return {};
    auto const found = sys::tcp_listeners(*diag);
    if (!found.ok() || found->empty())
        return {};
    std::vector<SocketSearch> searches;
    for (auto const& one : *found)
        if (searches.size() < kMaxInsideListeners)
            searches.push_back({one.inode, policy::OwnerDepth::Shown, {}, true});
    holders_.find(proc_, searches);
    std::vector<InsideListener> listeners;
    for (std::size_t i = 0; i < searches.size(); ++i) {
        auto const pid = searches[i].pids.empty() ? 0 : searches[i].pids.front();
        auto facts = pid == 0 ? std::nullopt : facts_of(pid, policy::OwnerDepth::Shown);
        listeners.push_back({(*found)[i].address.text(), (*found)[i].port, pid,
            facts ? std::move(facts->identity.exe) : std::string()});
    }
    return listeners;
}

} // namespace osh::launcher
