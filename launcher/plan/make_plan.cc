// (Profile, Policy, HostFacts) -> Plan. Pure: everything it needs to know came in as a value.

#include "launcher/plan/devices.h"
#include "launcher/plan/doors.h"
#include "launcher/plan/environment.h"
#include "launcher/plan/plan.h"
#include "launcher/plan/project_tree.h"
#include "launcher/plan/start_errors.h"
#include "launcher/plan/system_tree.h"
#include "policy/evaluate/evaluate.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr std::uint64_t kDefaultFiles = 65'536;
constexpr std::uint64_t kMessageQueueBytes = 819'200, kPendingSignals = 4'096;

// Where no group gives the processor by weight: each step of nice is worth a quarter (sched(7)).
std::int32_t nice_for(std::uint32_t weight)
{
    constexpr double kPerStep = 1.25;
    constexpr std::int32_t kMost = 19;
    std::int32_t nice = 0;
    for (double share = 100; share / kPerStep >= weight && nice < kMost; share /= kPerStep)
        ++nice;
    return nice;
}

void add_limits(Plan& plan, HostFacts const& facts, policy::ResourceProfile const& resources)
{
    plan.limits = {{"core", 0}, {"msgqueue", kMessageQueueBytes}, {"nice", 0},
        {"nofile", resources.files.value_or(kDefaultFiles)},
        {"nproc", resources.tasks.value_or(kDefaultTasks)}, {"rtprio", 0},
        {"sigpending", kPendingSignals}};
    plan.group = plan_group(resources, facts);
    plan.pid_limit = pid_limit(resources, facts);
    plan.notes.insert(plan.notes.end(), plan.group.notes.begin(), plan.group.notes.end());
    // systemd may still refuse: then each process has the limit for itself.
    bool const is_certain =
        facts.group_place.can_limit("memory") && facts.group_place.way != GroupWay::Scope;
    if (resources.memory_bytes && !is_certain)
        plan.limits.push_back({"data", *resources.memory_bytes});
    if (resources.cpu_weight && !facts.group_place.can_limit("cpu"))
        plan.nice = nice_for(*resources.cpu_weight);
    if (facts.uid == 0 && plan.pid_limit == 0 && !facts.group_place.can_limit("pids"))
        plan.notes.emplace_back("root, no control group, and a kernel before 6.14: nothing limits "
                                "the number of processes");
}

bool bears_absence(policy::Profile const& profile, std::string_view layer)
{
    auto const& layers = profile.optional_layers;
    return std::find(layers.begin(), layers.end(), layer) != layers.end();
}

std::string start_directory(
    Plan const& plan, HostFacts const& facts, policy::Profile const& profile)
{
    if (profile.filesystem.project == policy::ProjectAccess::None)
        return profile.filesystem.home == policy::HomeKind::None ? "/tmp" : facts.home;
    return is_at_or_below(facts.working_directory, plan.project) ? facts.working_directory
                                                                 : plan.project;
}

void add_identity(Plan& plan, HostFacts const& facts, policy::Profile const& profile)
{
    plan.profile_name = profile.name;
    plan.project = facts.project_root;
    plan.uid = facts.uid;
    plan.gid = facts.gid;
    plan.umask = facts.umask;
    plan.has_network = profile.network.mode != policy::NetworkMode::Off;
    plan.nested_allow = profile.nested_allow;
    plan.debug_allow = profile.debug;
    plan.require_landlock = !bears_absence(profile, "landlock");
    plan.landlock_abi = std::max(facts.landlock_abi, 0);
    plan.trust_bundle = facts.trust_bundle;
    plan.trust_store = facts.trust_store;
    plan.has_java = facts.has_java;
    plan.notes = profile.unsafe_notes;
    for (auto const& host : profile.network.passthrough)
        plan.notes.push_back("TLS is not looked into: " + host);
    for (auto const& opening : profile.network.dns_types)
        plan.notes.push_back("DNS records are looked up in the world: " + opening);
    if (facts.uid == 0)
        plan.notes.emplace_back(
            "running as root: inside, the agent is uid 0 without any capability, but files owned "
            "by "
            "root are guarded by the mounts and Landlock alone. Use an ordinary account where you "
            "can");
    if (plan.landlock_abi == 0 && !plan.require_landlock)
        plan.notes.emplace_back("Landlock is absent: mounts alone guard the files");
    // user_namespaces(7): that needs CAP_SETFCAP, whose file capabilities would hold on the host.
    if (plan.nested_allow && facts.uid == 0)
        plan.notes.emplace_back("nested sandboxes need an ordinary account: uid 0 cannot be mapped "
                                "into a second user namespace");
    if (plan.nested_allow)
        plan.notes.emplace_back(
            "nested sandboxes are allowed: Landlock's file rules are off, because a domain that "
            "has them refuses mount(2), and system calls for namespaces are open");
}

// To a rule or to a credential. It costs each connect(2) tens of microseconds: not for the sake of
// the name in a question to a person.
bool matters_who_opens(policy::Profile const& profile, policy::Policy const& policy)
{
    if (profile.network.mode == policy::NetworkMode::Off)
        return false;
    return !profile.credentials.empty() || policy::relies_on_callers(policy);
}

} // namespace

Planned make_plan(policy::Profile const& profile, policy::Policy const& policy,
    HostFacts const& facts, std::vector<std::string> const& command)
{
    Planned planned;
    Plan& plan = planned.plan;
    plan.command = command;
    add_identity(plan, facts, profile);
    plan.hears_openers = matters_who_opens(profile, policy);
    planned.errors = project_errors(facts, profile);
    for (auto& error : host_errors(facts, plan))
        planned.errors.push_back(std::move(error));
    for (auto& error : wish_errors(facts, profile))
        planned.errors.push_back(std::move(error));
    if (command.empty() || command[0].empty())
        planned.errors.push_back({Errc::Invalid, 0,
            "no command was given.\nfix: osh run [options] [--] COMMAND [ARGS…]\n"
            "help: osh run --help (command-missing)"});
    add_system_tree(plan, facts, profile);
    add_kernel_tree(plan, facts, profile);
    add_devices(planned, facts, profile);
    add_doors(planned, facts, profile);
    add_home(plan, facts, profile);
    add_grants(planned, facts, profile, policy.filesystem);
    add_project(planned, facts, profile, policy.filesystem);
    add_java_trust(planned.plan, facts);
    add_nss_database(planned.plan, facts.home);
    plan.guard.protect = profile.filesystem.protect;
    for (auto const& path : facts.hooks_paths) {
        if (path == ".")
            plan.notes.push_back("git takes hooks from the project itself (core.hooksPath): files "
                                 "with names of hooks are not protected there");
        else
            plan.guard.protect.push_back(path);
    }
    plan.guard.masks = profile.filesystem.mask;
    plan.working_directory = start_directory(plan, facts, profile);
    add_environment(plan, facts, profile);
    add_limits(plan, facts, profile.resources);
    return planned;
}

} // namespace osh::launcher
