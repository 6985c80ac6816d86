#pragma once
// The helpers of a session that begin while osh still reads profiles, policies and the host: of a
// start's time the longest part would otherwise be spent on one processor. They are told nothing
// yet that could not be told to any session: init makes its namespaces, netproxy leaves the host
// and makes the session's CA. A session that cannot be started takes them along.

#include "launcher/apply/launch.h"
#include "launcher/sys/spawn.h"
#include "policy/model/profile.h"

#include <optional>
#include <string>

namespace osh::launcher
{

// osh-netproxy without a loop that listens to it. Ends with this object.
class NetproxyProcess
{
public:
    // `libexec` holds osh-netproxy; `session` names the CA.
    static Result<NetproxyProcess> begin(std::string const& libexec, std::string const& session);
    NetproxyProcess(NetproxyProcess&&) noexcept = default;
    NetproxyProcess& operator=(NetproxyProcess&&) noexcept;
    ~NetproxyProcess();

private:
    friend class NetproxyLink;
    NetproxyProcess() = default;
    sys::HelperProcess process_;
    sys::Fd channel_, errors_;
};

struct HeadStart {
    std::string session;
    std::optional<Result<BegunInit>> init;
    std::optional<Result<NetproxyProcess>> netproxy; // of a session with a network
};

// What a session with or without a network needs, as far as is known yet. A failure is kept for
// when the session would use it: mostly the plan knows a better reason.
HeadStart begin_helpers(Uplink likely);
// What the profile says.
void tell_helpers(HeadStart& head, policy::Profile const& profile);
// What this machine can limit.
void limit_helpers(HeadStart& head, GroupPlan const& plan);

} // namespace osh::launcher
