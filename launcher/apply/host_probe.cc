// Probes of the machine: namespaces, tun, Landlock, paths. Each probe tries the thing itself where
// that is cheap, because settings lie.

#include "launcher/apply/host_probe.h"

#include "launcher/apply/group_probe.h"
#include "launcher/apply/project_walk.h"
#include "launcher/apply/trust_store.h"
#include "launcher/plan/devices.h"
#include "launcher/plan/doors.h"
#include "launcher/plan/project_tree.h"
#include "launcher/sys/host_view.h"
#include "launcher/sys/io.h"
#include "launcher/sys/landlock.h"
#include "launcher/sys/overlay.h"
#include "launcher/sys/self.h"

#include <algorithm>
#include <fcntl.h>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxParents = 64;
constexpr char const* kJavaHomes = "/usr/lib/jvm";
constexpr std::size_t kMaxJavaHomes = 256;
constexpr std::size_t kMaxDeviceEntries = 4096; // of /dev, which has some hundreds
constexpr std::size_t kMaxDevices = 256;        // given in all; each needs a file in /dev inside

std::string variable(HostFacts const& facts, std::string const& name)
{
    auto const found = facts.environment.find(name);
    return found == facts.environment.end() ? std::string() : found->second;
}

std::string find_project(
    ProbeRequest const& request, std::string const& directory, std::string const& home)
{
    if (request.project_root != "git" && request.project_root != "cwd")
        return sys::real_path(expand_path(request.project_root, {home, directory, {}}));
    if (request.project_root == "cwd")
        return directory;
    std::string place = directory;
    for (std::size_t up = 0; up < kMaxParents && place.size() > 1; ++up) {
        if (place != home && sys::look_at(place + "/.git").exists)
            return place;
        place.resize(std::max<std::size_t>(place.rfind('/'), 1));
    }
    return directory;
}

// What the agent may write, in the project or where the profile lets it, is no anchor: it would
// choose whom the proxy trusts.
bool is_the_agents(HostFacts const& facts, ProbeRequest const& request, std::string const& path)
{
    if (is_at_or_below(path, facts.project_root))
        return true;
    Places const places{facts.home, facts.project_root, {}};
    return std::ranges::any_of(request.writable, [&](std::string const& grant) {
        auto const place = sys::real_path(expand_path(grant, places));
        return !place.empty() && is_at_or_below(path, place);
    });
}

void probe_extra_anchors(HostFacts& facts, ProbeRequest const& request)
{
    for (auto const& written : request.extra_ca) {
        auto const path =
            sys::real_path(expand_path(written, {facts.home, facts.project_root, {}}));
        if (path.empty() || is_the_agents(facts, request, path))
            facts.bad_anchors.push_back(written);
        else
            facts.trust_parts.push_back(path);
    }
    if (facts.trust_parts.empty())
        return;
    if (!facts.trust_bundle.empty())
        facts.trust_parts.insert(facts.trust_parts.begin(), facts.trust_bundle);
    auto const state = state_directory(variable(facts, "XDG_STATE_HOME"), facts.home);
    facts.trust_bundle = merged_bundle_for(facts.trust_parts, state);
    facts.trust_store = trust_store_for(facts.trust_parts, state);
}

void probe_trust(HostFacts& facts, ProbeRequest const& request)
{
    // A bundle that the person chose comes first, as for curl and OpenSSL (openssl-env(7)).
    auto const chosen = variable(facts, "SSL_CERT_FILE");
    bool const is_usable = chosen.starts_with('/') && sys::look_at(chosen).exists
                           && !is_the_agents(facts, request, sys::real_path(chosen));
    if (is_usable)
        facts.trust_bundle = chosen;
    for (char const* bundle : {"/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem",
             "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem",
             "/var/lib/ca-certificates/ca-bundle.pem"})
        if (facts.trust_bundle.empty() && sys::look_at(bundle).exists)
            facts.trust_bundle = bundle;
    if (!facts.trust_bundle.empty())
        facts.trust_store = trust_store_for(
            {facts.trust_bundle}, state_directory(variable(facts, "XDG_STATE_HOME"), facts.home));
    probe_extra_anchors(facts, request);
}

// Java installations of the system keep their anchors in a file of their own or share one. Which
// one runs is not asked: where the home of a Java lies elsewhere, its JAVA_HOME tells.
void probe_java(HostFacts& facts)
{
    std::vector<std::string> homes;
    if (auto const named = variable(facts, "JAVA_HOME"); named.starts_with('/'))
        homes.push_back(named);
    auto const listed = sys::list_directory(kJavaHomes, kMaxJavaHomes);
    if (listed.ok())
        for (auto const& entry : *listed)
            homes.push_back(kJavaHomes + ("/" + entry.name));
    for (auto const& home : homes) {
        for (char const* place : {"/lib/security/cacerts", "/jre/lib/security/cacerts"}) {
            if (!sys::look_at(home + place).exists)
                continue;
            facts.has_java = true;
            auto store = sys::real_path(home + place);
            auto& known = facts.java_stores;
            if (!store.empty() && !store.starts_with("/etc/") && !store.starts_with("/var/")
                && std::find(known.begin(), known.end(), store) == known.end())
                known.push_back(std::move(store));
        }
    }
}

Result<> probe_system(HostFacts& facts, ProbeRequest const& request)
{
    for (auto const& path : request.system_paths) {
        auto const seen = sys::look_at(path);
        if (seen.problem != 0)
            return fail_errno(seen.problem, "cannot examine " + path);
        if (seen.exists)
            facts.system_paths[path] = seen.link_target;
    }
    return {};
}

Result<> probe_paths(HostFacts& facts, ProbeRequest const& request)
{
    Places const places{facts.home, facts.project_root,
        state_directory(variable(facts, "XDG_STATE_HOME"), facts.home)};
    auto const look = [&](std::string const& path) -> Result<> {
        auto const seen = sys::look_at(path);
        // What is not known to exist would be left unprotected.
        if (!path.empty() && seen.problem != 0)
            return fail_errno(seen.problem, "cannot examine " + path);
        if (!path.empty() && seen.exists)
            facts.existing_paths.push_back(seen.is_directory ? path + "/" : path);
        return {};
    };
    for (auto const& path : request.paths)
        TRY(look(expand_path(path, places)));
    for (auto const& path : request.project_paths)
        TRY(look(facts.project_root + "/" + path));
    return {};
}

NodeFact node_fact(std::string const& path)
{
    auto const seen = sys::look_at_node(path);
    auto const kind = !seen.exists        ? NodeKind::Missing
                      : seen.is_socket    ? NodeKind::Socket
                      : seen.is_character ? NodeKind::Character
                      : seen.is_block     ? NodeKind::Block
                                          : NodeKind::Other;
    return {kind, seen.real_path, seen.owner, seen.major, seen.minor};
}

void probe_sockets(HostFacts& facts, ProbeRequest const& request)
{
    for (auto const& name : request.sockets)
        if (auto const place = door_place(name, facts); place.starts_with('/'))
            facts.sockets[name] = node_fact(place);
}

Result<> probe_devices(HostFacts& facts, ProbeRequest const& request)
{
    for (auto const& name : request.devices)
        for (auto const& pattern : device_patterns(name)) {
            LET(entries, sys::list_directory(pattern.directory, kMaxDeviceEntries));
            for (auto const& entry : entries)
                if (fits(pattern, entry.name) && facts.devices.size() < kMaxDevices) {
                    std::string const path = pattern.directory + "/" + entry.name;
                    facts.devices[path] = node_fact(path);
                }
        }
    return {};
}

// sd_booted(3), and a bus of this user.
void probe_user_manager(HostFacts& facts)
{
    if (facts.group_place.way != GroupWay::None || !sys::look_at("/run/systemd/system").exists)
        return;
    auto const bus = node_fact(door_place(kSessionBus, facts));
    if (bus.kind == NodeKind::Socket && bus.owner == facts.uid)
        facts.group_place = {GroupWay::Scope, {}, {}, {}, {"cpu", "memory", "pids"}};
}

// git-config(1): the file in the home directory wins over the one below ~/.config.
void probe_git_name(HostFacts& facts)
{
    std::string config = variable(facts, "XDG_CONFIG_HOME");
    if (!config.starts_with('/'))
        config = facts.home + "/.config";
    facts.git_name = git_name_of(sys::read_small_file(config + "/git/config"));
    auto const own = git_name_of(sys::read_small_file(facts.home + "/.gitconfig"));
    if (!own.name.empty())
        facts.git_name.name = own.name;
    if (!own.email.empty())
        facts.git_name.email = own.email;
}

// git runs hooks from there, whoever wrote them.
void probe_hooks(HostFacts& facts)
{
    std::string config = variable(facts, "XDG_CONFIG_HOME");
    if (!config.starts_with('/'))
        config = facts.home + "/.config";
    for (auto const& file : {config + "/git/config", facts.home + "/.gitconfig",
             facts.project_root + "/.git/config", facts.project_root + "/.git/config.worktree"}) {
        auto path = hooks_path_of(sys::read_small_file(file), {facts.project_root, facts.home});
        if (path.empty() || path == ".git/hooks")
            continue;
        auto const seen = sys::look_at(facts.project_root + "/" + path);
        if (seen.exists)
            facts.existing_paths.push_back(
                facts.project_root + "/" + path + (seen.is_directory ? "/" : ""));
        facts.hooks_paths.push_back(std::move(path));
    }
}

bool namespaces_look_open(Machine const& machine)
{
    return machine.userns_clone != "0" && machine.max_user_namespaces != "0";
}

std::string container_kind()
{
    if (sys::look_at("/run/.containerenv").exists)
        return "podman";
    if (sys::look_at("/.dockerenv").exists)
        return "docker";
    std::string kind = sys::read_setting("/run/systemd/container");
    return kind;
}

void probe_machine(Machine& machine)
{
    read_os_release(sys::read_small_file("/etc/os-release"), machine);
    machine.container = container_kind();
    machine.userns_clone = sys::read_setting("/proc/sys/kernel/unprivileged_userns_clone");
    machine.max_user_namespaces = sys::read_setting("/proc/sys/user/max_user_namespaces");
    machine.apparmor_restricts =
        sys::read_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns");
    machine.selinux_enforcing = sys::read_setting("/sys/fs/selinux/enforce");
    machine.has_apparmor_profile = sys::look_at("/etc/apparmor.d/osh").exists;
}

std::string tun_problem(int error)
{
    if (error == 0)
        return {};
    auto const seen = sys::look_at("/dev/net/tun");
    if (!seen.exists)
        return "there is no /dev/net/tun, which the sandbox's network needs.\nfix: 1. sudo "
               "modprobe "
               "tun (after a kernel update: reboot first); 2. in a container: pass the device in; "
               "3. osh run --offline, without any network.\nhelp: man 1 osh-doctor (tun-missing)";
    return "/dev/net/tun may not be opened: " + sys::error_text(error)
           + ".\nfix: 1. sudo chmod 0666 /dev/net/tun, which is the default of distributions; 2. "
             "in a "
             "container: allow the device; 3. osh run --offline, without any network.\n"
             "help: man 1 osh-doctor (tun-denied)";
}

void probe_kernel(HostFacts& facts, ProbeDepth depth)
{
    facts.kernel_release = sys::kernel_release();
    probe_machine(facts.machine);
    facts.landlock_abi = sys::landlock_abi();
    facts.landlock_errata = sys::landlock_errata();
    facts.has_cgroup_namespace = sys::look_at("/proc/self/ns/cgroup").exists;
    facts.has_time_namespace = sys::look_at("/proc/self/ns/time").exists;
    facts.memory_bytes = sys::memory_bytes();
    facts.group_place = find_group_place();
    int const tun = sys::open_error("/dev/net/tun");
    facts.has_tun = tun == 0;
    facts.tun_problem = tun_problem(tun);
    facts.has_user_namespaces = namespaces_look_open(facts.machine)
                                && (depth == ProbeDepth::Quick || sys::can_make_namespaces());
    if (!facts.has_user_namespaces)
        facts.user_namespace_problem = namespace_problem(facts.machine, facts);
}

// In the folder where the changes would be kept, or the nearest above it that is there.
void probe_overlay(HostFacts& facts)
{
    std::string place = state_directory(variable(facts, "XDG_STATE_HOME"), facts.home) + "/changes";
    while (place.size() > 1 && !sys::look_at(place).exists)
        place.resize(std::max<std::size_t>(place.rfind('/'), 1));
    auto const folder = sys::open_path(place, O_RDONLY | O_DIRECTORY);
    if (!folder.ok()) {
        facts.overlay_problem = folder.error().sentence;
        return;
    }
    facts.overlay_place = sys::file_system_of(*folder);
    if (int const error = sys::try_overlay(*folder); error != 0)
        facts.overlay_problem = sys::overlay_problem(error, facts.overlay_place);
}

Result<> probe_granted_sockets(HostFacts& facts, ProbeRequest const& request)
{
    std::vector<std::string> grants;
    for (auto const& grant : request.grants)
        grants.push_back(expand_path(grant, {facts.home, facts.project_root, {}}));
    std::erase(grants, std::string());
    return walk_for_sockets(facts, grants);
}

} // namespace

Result<HostFacts> probe_host(ProbeRequest const& request)
{
    HostFacts facts;
    LET(person, sys::current_person());
    facts.uid = person.uid;
    facts.gid = person.gid;
    facts.umask = sys::own_umask();
    facts.user_name = person.user_name;
    facts.group_name = person.group_name;
    facts.shell = person.shell;
    facts.environment = sys::environment();
    facts.home = variable(facts, "HOME").starts_with('/') ? sys::real_path(variable(facts, "HOME"))
                                                          : person.home;
    if (facts.home.empty())
        facts.home = person.home;
    LET(directory, sys::working_directory());
    facts.working_directory = std::move(directory);
    facts.project_root = find_project(request, facts.working_directory, facts.home);
    facts.libexec = sys::helper_directory();
    probe_kernel(facts, request.depth);
    if (request.depth == ProbeDepth::Thorough && facts.has_user_namespaces)
        probe_overlay(facts);
    TRY(probe_system(facts, request));
    probe_trust(facts, request);
    probe_java(facts);
    TRY(probe_paths(facts, request));
    probe_git_name(facts);
    for (char const* helper : {"/osh-init", "/osh-netproxy"})
        if (sys::look_at(facts.libexec + helper).exists)
            facts.existing_paths.push_back(facts.libexec + helper);
    probe_hooks(facts);
    probe_sockets(facts, request);
    TRY(probe_devices(facts, request));
    probe_user_manager(facts);
    TRY(walk_project(facts, request));
    TRY(probe_granted_sockets(facts, request));
    return facts;
}

} // namespace osh::launcher
