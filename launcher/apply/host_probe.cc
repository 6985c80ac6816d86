// Probes of the machine: namespaces, tun, Landlock, paths. Each probe tries the thing itself where
// that is cheap, because settings lie.

#include "launcher/apply/host_probe.h"

#include "launcher/apply/group_probe.h"
#include "launcher/apply/project_walk.h"
#include "launcher/sys/host_view.h"
#include "launcher/sys/landlock.h"

#include <algorithm>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxParents = 64;

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

void probe_system(HostFacts& facts, ProbeRequest const& request)
{
    for (auto const& path : request.system_paths) {
        auto const seen = sys::look_at(path);
        if (seen.exists)
            facts.system_paths[path] = seen.link_target;
    }
    // A bundle that the person chose comes first, as for curl and OpenSSL (openssl-env(7)).
    auto const chosen = variable(facts, "SSL_CERT_FILE");
    if (chosen.starts_with('/') && sys::look_at(chosen).exists)
        facts.trust_bundle = chosen;
    for (char const* bundle : {"/etc/ssl/certs/ca-certificates.crt", "/etc/ssl/cert.pem",
             "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/ca-bundle.pem"})
        if (facts.trust_bundle.empty() && sys::look_at(bundle).exists)
            facts.trust_bundle = bundle;
}

void probe_paths(HostFacts& facts, ProbeRequest const& request)
{
    Places const places{facts.home, facts.project_root,
        state_directory(variable(facts, "XDG_STATE_HOME"), facts.home)};
    auto const look = [&](std::string const& path) {
        auto const seen = sys::look_at(path);
        if (!path.empty() && seen.exists)
            facts.existing_paths.push_back(seen.is_directory ? path + "/" : path);
    };
    for (auto const& path : request.paths)
        look(expand_path(path, places));
    for (auto const& path : request.project_paths)
        look(facts.project_root + "/" + path);
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

bool namespaces_look_open()
{
    return sys::read_setting("/proc/sys/kernel/unprivileged_userns_clone") != "0"
           && sys::read_setting("/proc/sys/user/max_user_namespaces") != "0";
}

std::string namespace_problem(std::string const& release)
{
    if (sys::read_setting("/proc/sys/kernel/unprivileged_userns_clone") == "0")
        return "user namespaces are switched off on this machine (kernel.unprivileged_userns_clone "
               "= 0).\nfix: 1. sudo sysctl kernel.unprivileged_userns_clone=1, and the same line "
               "in "
               "a file below /etc/sysctl.d; 2. ask the administrator.\n"
               "help: osh help namespaces (userns-off)";
    if (sys::read_setting("/proc/sys/user/max_user_namespaces") == "0")
        return "user namespaces are switched off on this machine (user.max_user_namespaces = 0).\n"
               "fix: 1. sudo sysctl user.max_user_namespaces=16384, and the same line in a file "
               "below /etc/sysctl.d; 2. ask the administrator.\n"
               "help: osh help namespaces (userns-off)";
    if (sys::read_setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") == "1")
        return "AppArmor lets user namespaces start but takes their rights away "
               "(kernel.apparmor_restrict_unprivileged_userns = 1; Ubuntu 23.10 and later do this "
               "by "
               "default).\nfix: 1. sudo osh setup apparmor (shows the file first); 2. install the "
               "osh "
               "package, which includes it. Not advised: switching the restriction off for all "
               "programs.\nhelp: osh help namespaces (userns-apparmor)";
    return "this place does not allow user namespaces (Linux " + release
           + "; a container, flatpak or another sandbox whose limits are inherited).\nfix: 1. "
             "start osh "
             "outside of it; 2. give the container the right to make namespaces and mounts.\n"
             "help: osh help namespaces (nested)";
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
               "3. osh run --offline, without any network.\nhelp: osh help tun (tun-missing)";
    return "/dev/net/tun may not be opened: " + sys::error_text(error)
           + ".\nfix: 1. sudo chmod 0666 /dev/net/tun, which is the default of distributions; 2. "
             "in a "
             "container: allow the device; 3. osh run --offline, without any network.\n"
             "help: osh help tun (tun-denied)";
}

void probe_kernel(HostFacts& facts, ProbeDepth depth)
{
    facts.kernel_release = sys::kernel_release();
    facts.landlock_abi = sys::landlock_abi();
    facts.landlock_errata = sys::landlock_errata();
    facts.has_cgroup_namespace = sys::look_at("/proc/self/ns/cgroup").exists;
    facts.has_time_namespace = sys::look_at("/proc/self/ns/time").exists;
    facts.memory_bytes = sys::memory_bytes();
    facts.group_place = find_group_place();
    int const tun = sys::open_error("/dev/net/tun");
    facts.has_tun = tun == 0;
    facts.tun_problem = tun_problem(tun);
    facts.has_user_namespaces =
        namespaces_look_open() && (depth == ProbeDepth::Quick || sys::can_make_namespaces());
    if (!facts.has_user_namespaces)
        facts.user_namespace_problem = namespace_problem(facts.kernel_release);
}

} // namespace

Result<HostFacts> probe_host(ProbeRequest const& request)
{
    HostFacts facts;
    LET(person, sys::current_person());
    facts.uid = person.uid;
    facts.gid = person.gid;
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
    probe_system(facts, request);
    probe_paths(facts, request);
    probe_git_name(facts);
    for (char const* helper : {"/osh-init", "/osh-netproxy"})
        if (sys::look_at(facts.libexec + helper).exists)
            facts.existing_paths.push_back(facts.libexec + helper);
    walk_for_masks(facts, request.masks);
    return facts;
}

} // namespace osh::launcher
