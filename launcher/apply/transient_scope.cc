#include "launcher/apply/transient_scope.h"

#include "launcher/plan/cgroup_view.h"
#include "launcher/plan/doors.h"
#include "launcher/sys/captured_command.h"
#include "launcher/sys/event_loop.h"
#include "launcher/sys/host_view.h"
#include "launcher/sys/local_socket.h"

#include <array>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr Duration kRequestLimit = 3s,
                   kMoveLimit = 1s; // a manager that is alive needs milliseconds
constexpr Duration kPause = 2ms;

// The unified group of a process, as a directory; "" when it is unknown.
std::string group_of(std::int32_t process)
{
    auto const own = own_cgroups(sys::read_small_file("/proc/self/mountinfo"),
        sys::read_small_file(fmt::format("/proc/{}/cgroup", process)));
    return own.unified;
}

// The answer to the request is a job: the process moves when it is carried out.
Result<std::string> await_move(std::int32_t init)
{
    LET(loop, sys::EventLoop::create());
    Instant const deadline = sys::now() + kMoveLimit;
    std::string const unit = "/" + scope_unit(init);
    while (sys::now() < deadline) {
        if (auto group = group_of(init); group.ends_with(unit))
            return group;
        TRY(loop.run_once(sys::now() + kPause)); // nothing is watched: a pause
    }
    return fail(Errc::Busy, "systemd --user did not move it into " + scope_unit(init));
}

// A manager that was not given a controller leaves such limits out without a word.
Result<> check_limits(std::string const& group, GroupPlan const& plan)
{
    struct Check {
        std::string_view property, file, words;
    };
    for (auto const& check : {Check{"MemoryMax", "memory.max", "memory"},
             Check{"TasksMax", "pids.max", "the number of processes"}})
        for (auto const& property : plan.scope) {
            auto const value = sys::read_setting(fmt::format("{}/{}", group, check.file));
            if (property.name == check.property && (value.empty() || value == "max"))
                return fail(Errc::Unsupported,
                    fmt::format("systemd --user may not limit {} (its controller is not delegated "
                                "to user@.service)",
                        check.words));
        }
    return {};
}

// A process number means the same to systemd only where its bus is in our PID namespace, or below
// it: no other process must be moved.
Result<> check_namespace(HostFacts const& facts)
{
    LET(bus, sys::connect_to(sys::real_path(door_place(kSessionBus, facts))));
    if (sys::peer_process(bus) == 0)
        return fail(Errc::Unsupported, "the session bus is outside of this container");
    return {};
}

} // namespace

Result<> enter_scope(GroupPlan const& plan, std::int32_t init, HostFacts const& facts)
{
    TRY(check_namespace(facts));
    sys::CapturedCommand command;
    command.arguments = scope_request(plan, init);
    command.search_path = {"/usr/bin", "/bin"};
    command.timeout = kRequestLimit;
    for (auto const* name : {"DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR"})
        if (auto const found = facts.environment.find(name); found != facts.environment.end())
            command.environment.push_back(fmt::format("{}={}", name, found->second));
    if (auto asked = sys::run_captured(command); !asked.ok())
        return fail_because("systemd --user was asked for a scope", std::move(asked).error());
    LET(group, await_move(init));
    return check_limits(group, plan);
}

} // namespace osh::launcher
