#include "launcher/init/broker_start.h"

#include "launcher/broker/broker.h"
#include "launcher/sys/channel.h"
#include "launcher/sys/io.h"
#include "launcher/sys/listener.h"
#include "launcher/sys/process.h"
#include "launcher/sys/pty.h"
#include "launcher/sys/signals.h"
#include "launcher/sys/standard_streams.h"

#include <array>
#include <fcntl.h>
#include <linux/capability.h>

namespace osh::launcher
{
namespace
{

// Reading paths out of callers that made themselves undumpable (ssh-agent), ptrace(2).
constexpr std::array kBrokerCapabilities{CAP_SYS_PTRACE};
constexpr std::size_t kMaxGreeting = 16;
constexpr int kReports = 3, kChannel = 4, kFirstSpare = 5, kAside = 32;

struct BrokerFds {
    sys::Fd reports, channel;
};

// Only these two stay open: a copy of the agent's output would keep a pipe from ending.
Result<BrokerFds> keep_descriptors(AgentParts const& parts, sys::Fd const& channel)
{
    LET(null, sys::open_path("/dev/null", O_RDWR));
    TRY(sys::set_standard_streams(null, null, null));
    LET(reports, sys::duplicate(parts.broker, kAside));
    LET(own, sys::duplicate(channel, kAside));
    TRY(sys::place_descriptor(reports, kReports));
    TRY(sys::place_descriptor(own, kChannel));
    for (auto* copy : {&reports, &own, &null})
        (void)copy->release(); // closed with all others
    TRY(sys::close_from(kFirstSpare));
    return BrokerFds{sys::Fd::adopt_raw_fd(kReports), sys::Fd::adopt_raw_fd(kChannel)};
}

Result<int> serve(AgentParts const& parts, sys::Fd const& channel)
{
    TRY(sys::start_session()); // Ctrl-C and Ctrl-Z are for the agent
    sys::ignore_all_signals();
    LET(open, keep_descriptors(parts, channel));
    TRY(sys::change_directory("/"));
    TRY(sys::keep_only_capabilities(kBrokerCapabilities));
    TRY(sys::become_undumpable());
    // By its path: Landlock knows no rule for a mount that is not attached.
    LET(proc, sys::open_path("/proc", O_PATH | O_DIRECTORY));
    LET(received, sys::receive_message(open.channel, kMaxGreeting));
    if (received.descriptors.size() != 1)
        return 1;
    TRY(sys::install_filter(parts.word.broker_filter));
    TRY(sys::send_message(open.channel, bytes_of("ready")));
    open.channel.reset();
    return run_broker({parts.plan.guard, std::move(proc), std::move(received.descriptors[0]),
        std::move(open.reports), parts.plan.nested_allow});
}

} // namespace

Result<std::optional<BrokerStart>> BrokerStart::fork_off(AgentParts const& parts)
{
    if (!parts.broker.is_open())
        return std::optional<BrokerStart>();
    BrokerStart start;
    LET(pair, sys::make_channel());
    LET(child, sys::clone_sibling([&] {
        pair.ours.reset();
        auto const served = serve(parts, pair.theirs);
        return served.ok() ? *served : 1;
    }));
    start.channel_ = std::move(pair.ours);
    return std::optional<BrokerStart>(std::move(start));
}

Result<> BrokerStart::begin(Bytes filter)
{
    LET(listener, sys::install_asking_filter(filter));
    TRY(sys::send_message(channel_, bytes_of("serve"), {&listener}));
    listener.reset();
    LET(answer, sys::receive_message(channel_, kMaxGreeting));
    if (text_of(answer.bytes) != "ready")
        return fail(Errc::Closed, "the process that makes the agent's files did not start");
    return {};
}

} // namespace osh::launcher
