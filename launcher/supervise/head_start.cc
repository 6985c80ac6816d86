#include "launcher/supervise/head_start.h"

#include "launcher/supervise/places.h"
#include "launcher/sys/channel.h"
#include "launcher/sys/folder.h"
#include "launcher/sys/host_view.h"
#include "launcher/sys/self.h"

#include <csignal>
#include <utility>

namespace osh::launcher
{

Result<NetproxyProcess> NetproxyProcess::begin(
    std::string const& libexec, std::string const& session)
{
    LET(channel, sys::make_channel());
    LET(errors, sys::make_pipe());
    sys::HelperStart start;
    start.path = libexec + "/osh-netproxy";
    start.arguments = {"osh-netproxy", session};
    start.channel = std::move(channel.theirs);
    start.errors = std::move(errors.write);
    LET(process, sys::start_helper(std::move(start)));
    NetproxyProcess begun;
    begun.process_ = std::move(process);
    begun.channel_ = std::move(channel.ours);
    begun.errors_ = std::move(errors.read);
    return begun;
}

NetproxyProcess& NetproxyProcess::operator=(NetproxyProcess&& other) noexcept
{
    std::swap(process_, other.process_);
    std::swap(channel_, other.channel_);
    std::swap(errors_, other.errors_);
    return *this;
}

NetproxyProcess::~NetproxyProcess()
{
    if (!process_.pidfd.is_open())
        return;
    sys::kill_process(process_.pidfd, SIGKILL);
    (void)sys::reap(process_.pidfd).ok();
}

HeadStart begin_helpers(Uplink likely)
{
    sys::forbid_core_dumps();
    HeadStart head;
    head.session = sys::random_hex(kSessionDigits);
    std::string const libexec = sys::helper_directory();
    if (likely == Uplink::Tun)
        head.netproxy = NetproxyProcess::begin(libexec, head.session);
    head.init = BegunInit::begin(libexec);
    return head;
}

void tell_helpers(HeadStart& head, policy::Profile const& profile)
{
    bool const has_network = profile.network.mode != policy::NetworkMode::Off;
    if (!has_network)
        head.netproxy.reset();
    if (!head.init->ok())
        return;
    // One that is gone left its reason in the channel, which is read when the session needs it.
    auto told = (*head.init)->make_network(has_network ? Uplink::Tun : Uplink::None);
    if (!told.ok() && !sys::is_peer_gone(told.error()))
        head.init.emplace(std::unexpected(std::move(told).error()));
}

void limit_helpers(HeadStart& head, GroupPlan const& plan)
{
    if (!head.init->ok())
        return;
    if (auto done = (*head.init)->limit(plan); !done.ok())
        head.init.emplace(std::unexpected(std::move(done).error()));
}

} // namespace osh::launcher
