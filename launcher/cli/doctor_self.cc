// `osh doctor --self`: what the processes of running sessions may still do, as the kernel says
// (proc_pid_status(5), capabilities(7), seccomp(2), namespaces(7)).

#include "launcher/cli/doctor_self.h"

#include "launcher/supervise/control_client.h"
#include "launcher/supervise/places.h"
#include "launcher/sys/process_table.h"
#include "policy/base/text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

constexpr std::array kOwn{"osh", "osh-janitor", "osh-netproxy", "osh-init", "osh-doors"};

std::int32_t supervisor_of(launcher::Environment const& environment, std::string const& id)
{
    auto client = launcher::ControlClient::connect(environment, id, "watch");
    if (!client.ok() || !client->send(policy::control::AskInfo{1}).ok())
        return 0;
    auto const info = client->receive_a<policy::control::SessionInfo>(launcher::soon());
    return info.ok() ? info->pid : 0;
}

// Which kinds of namespace are not the ones of this process; "closed" where the process does not
// let itself be looked at, which is what ours should do.
std::string namespaces_of(sys::ProcessRow const& row, sys::ProcessRow const& own)
{
    std::string text;
    for (auto const& [kind, inode] : own.namespaces) {
        auto const found = row.namespaces.find(kind);
        if (found == row.namespaces.end())
            return "closed";
        if (found->second != inode)
            text += (text.empty() ? "" : ",") + kind;
    }
    return text.empty() ? "host" : text;
}

std::string role_of(sys::ProcessRow const& row, std::int32_t supervisor)
{
    if (row.pid == supervisor)
        return "supervisor";
    bool const is_own = std::ranges::any_of(kOwn, [&](auto name) { return row.name == name; });
    return is_own ? row.name : "agent";
}

void print_row(sys::ProcessRow const& row, sys::ProcessRow const& own, std::string const& role)
{
    fmt::print("{:<13} {:<8} {:<11} {:<8} {:<17} {:<17} {:<12} {}\n", role, row.pid,
        shown(row.no_new_privileges, 4), shown(row.seccomp, 4), shown(row.effective, 16),
        shown(row.bounding, 16),
        row.descriptors < 0 ? std::string("closed") : std::to_string(row.descriptors),
        namespaces_of(row, own));
}

int print_session(std::string const& id, std::int32_t supervisor)
{
    auto const own = sys::process_row(sys::own_pid());
    fmt::print("session {}\n{:<13} {:<8} {:<11} {:<8} {:<17} {:<17} {:<12} {}\n", shown(id, 12),
        "PROCESS", "PID", "NoNewPrivs", "Seccomp", "CapEff", "CapBnd", "DESCRIPTORS", "NAMESPACES");
    for (auto const& row : sys::process_family(supervisor))
        print_row(row, own, role_of(row, supervisor));
    return 0;
}

} // namespace

int doctor_self()
{
    auto const environment = launcher::environment_of_this_process();
    int shown_sessions = 0;
    for (auto const& id : launcher::running_sessions(environment))
        if (auto const supervisor = supervisor_of(environment, id); supervisor > 0) {
            print_session(id, supervisor);
            ++shown_sessions;
        }
    if (shown_sessions > 0)
        return 0;
    fmt::print(stderr, "osh: no session is running; start one, then look at it from here\n");
    return 1;
}

} // namespace osh::cli
