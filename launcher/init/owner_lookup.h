#pragma once
// "Who owns this flow": the socket's inode from sock_diag, its holders from /proc, and what they
// are (security design H12). Init can see this because it stands in the same namespaces with
// CAP_SYS_PTRACE, which the agent has not.

#include "launcher/init/openers.h"
#include "launcher/init/process_facts.h"
#include "launcher/init/socket_holders.h"
#include "launcher/init/trace_marks.h"
#include "launcher/init/words.h"
#include "launcher/sys/fd.h"
#include "launcher/sys/listener.h"
#include "policy/messages/owner.h"

#include <span>
#include <vector>

namespace osh::launcher
{

// What init hears before it happens.
struct Watch {
    TraceMarks marks;
    sys::Fd listener; // not open when nothing is told, or when the broker hears the calls
    bool hears_openers = true;
};

class OwnerLookup
{
public:
    // `proc`: a procfs of this PID namespace.
    // `home_namespace`: the mount namespace of the agent as it was started. A program in another
    // one (a nested sandbox) is unknown: there the agent decides what lies at /usr/bin, and
    // read-only.
    static Result<OwnerLookup> create(sys::Fd proc, Watch watch, std::string home_namespace);

    // All that wait are answered by one walk over the processes.
    std::vector<policy::OwnerAnswer> answer(std::span<policy::OwnerQuery const> queries);
    // Who listens on TCP inside; nothing when the kernel does not say.
    std::vector<InsideListener> listeners();

    // While the agent's process still waits for its start, all others in this namespace are ours:
    // undumpable, so init itself may not look into them.
    void ignore_all_but(std::int32_t agent);
    sys::Fd const* watched() const
    {
        return watch_.listener.is_open() ? &watch_.listener : nullptr;
    }
    // The listener is readable.
    void hear_watched();
    bool may_trace(sys::Notification const& call) { return watch_.marks.may_trace(proc_, call); }
    // See Openers::look and Openers::stands.
    void look_at_opener(std::int32_t thread, std::int32_t descriptor)
    {
        openers_.look(proc_, thread, descriptor);
    }
    void opener_stands() { openers_.stands(); }

private:
    OwnerLookup(sys::Fd proc, sys::Fd diag, Watch watch, std::string home_namespace)
        : proc_(std::move(proc)), diag_(std::move(diag)), watch_(std::move(watch)),
          home_namespace_(std::move(home_namespace))
    {
    }
    // Are descriptors in flight that may be the searched ones?
    enum class Transit : bool { No, Yes };
    Transit find(std::span<SocketSearch> searches);
    policy::OwnerAnswer settled(SocketSearch search, Transit transit);
    std::vector<policy::Holder> describe(SocketSearch const& search);
    // Adds whoever opened it. False: that is not known.
    bool add_opener(std::uint64_t inode, std::vector<policy::Holder>& holders);
    std::optional<ProcessFacts> facts_of(std::int32_t pid, policy::OwnerDepth depth);
    std::vector<policy::ProcessIdentity> ancestors_of(
        std::int32_t parent, policy::OwnerDepth depth);

    sys::Fd proc_, diag_;
    Watch watch_;
    std::string home_namespace_;
    SocketHolders holders_;
    Openers openers_;
    ProcessBook book_;
};

} // namespace osh::launcher
