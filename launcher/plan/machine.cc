#include "launcher/plan/machine.h"

#include "launcher/plan/findings.h"
#include "launcher/plan/host_facts.h"
#include "policy/base/text.h"

#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

std::string unquoted(std::string_view text)
{
    if (text.size() >= 2 && (text.front() == '"' || text.front() == '\'') && text.back() == text[0])
        text = text.substr(1, text.size() - 2);
    return std::string(text);
}

bool is_like(Machine const& machine, std::string_view family)
{
    return machine.distribution == family
           || (" " + machine.like + " ").find(" " + std::string(family) + " ") != std::string::npos;
}

std::string sysctl_fix(std::string_view setting)
{
    return fmt::format("fix: 1. echo '{0}' | sudo tee /etc/sysctl.d/60-osh.conf && sudo sysctl "
                       "--system; 2. ask the administrator.\nhelp: man 1 osh-doctor (userns-off)",
        setting);
}

std::string in_container(Machine const& machine)
{
    std::string const options =
        machine.container == "podman"
            ? "podman run --security-opt seccomp=unconfined --security-opt unmask=ALL --device "
              "/dev/net/tun …"
            : "docker run --security-opt seccomp=unconfined --security-opt apparmor=unconfined "
              "--security-opt systempaths=unconfined --device /dev/net/tun …";
    return fmt::format(
        "this is a container ({}) whose limits do not allow user namespaces with a "
        "/proc of their own.\nfix: 1. start osh outside of it; 2. give the container "
        "the right: {}\nhelp: man 1 osh-doctor (container)",
        shown(machine.container), options);
}

std::string by_apparmor()
{
    return "AppArmor lets user namespaces start but takes their rights away "
           "(kernel.apparmor_restrict_unprivileged_userns = 1; Ubuntu 23.10 and later do this by "
           "default).\nfix: 1. osh doctor --apparmor-profile | sudo tee /etc/apparmor.d/osh && "
           "sudo "
           "apparmor_parser -r /etc/apparmor.d/osh (for osh alone); 2. install the osh package, "
           "which includes that file. Not advised: switching the restriction off for all "
           "programs.\n"
           "help: man 1 osh-doctor (userns-apparmor)";
}

std::string by_selinux(HostFacts const& facts)
{
    return fmt::format(
        "user namespaces are refused while SELinux is enforcing (Linux {}).\nfix: 1. sudo ausearch "
        "-m AVC,USER_AVC -ts recent shows the refusal, if SELinux made it; `id -Z` should say "
        "unconfined_t: an account that is confined to user_t may not make namespaces; 2. ask the "
        "administrator.\nhelp: man 1 osh-doctor (userns-selinux)",
        shown(facts.kernel_release));
}

} // namespace

void read_os_release(std::string_view text, Machine& into)
{
    for (auto const line : split(text, '\n')) {
        std::size_t const equals = line.find('=');
        if (equals == std::string_view::npos)
            continue;
        auto const name = line.substr(0, equals);
        auto const value = unquoted(line.substr(equals + 1));
        if (name == "ID")
            into.distribution = value;
        else if (name == "ID_LIKE")
            into.like = value;
        else if (name == "VERSION_ID")
            into.version = value;
        else if (name == "PRETTY_NAME")
            into.pretty = value;
    }
}

Wsl wsl_of(std::string_view kernel_release)
{
    if (kernel_release.find("WSL2") != std::string_view::npos
        || kernel_release.find("microsoft") != std::string_view::npos)
        return Wsl::Two;
    return kernel_release.find("Microsoft") != std::string_view::npos ? Wsl::One : Wsl::No;
}

std::string namespace_problem(Machine const& machine, HostFacts const& facts)
{
    if (wsl_of(facts.kernel_release) == Wsl::One)
        return "this is WSL 1, which has no Linux kernel and no namespaces.\nfix: in Windows: wsl "
               "--set-version NAME 2 (wsl --list shows the names).\nhelp: man 1 osh-doctor (wsl)";
    if (machine.userns_clone == "0")
        return fmt::format("user namespaces are switched off on this machine "
                           "(kernel.unprivileged_userns_clone = 0; {}).\n{}",
            is_like(machine, "arch") ? "Arch's hardened kernel does this"
                                     : "Debian 10 and hardened kernels do this",
            sysctl_fix("kernel.unprivileged_userns_clone=1"));
    if (machine.max_user_namespaces == "0")
        return "user namespaces are switched off on this machine (user.max_user_namespaces = 0).\n"
               + sysctl_fix("user.max_user_namespaces=16384");
    if (!machine.container.empty())
        return in_container(machine);
    if (machine.apparmor_restricts == "1")
        return by_apparmor();
    if (machine.selinux_enforcing == "1")
        return by_selinux(facts);
    return fmt::format(
        "this place does not allow user namespaces (Linux {}; a container, flatpak or "
        "another sandbox whose limits are inherited).\nfix: 1. start osh outside of "
        "it; 2. give the container the right to make namespaces and mounts.\nhelp: "
        "man 1 osh-doctor (nested)",
        shown(facts.kernel_release));
}

std::string apparmor_profile(std::string_view program, std::string_view libexec)
{
    std::string text = "# Lets osh create user namespaces with their capabilities. It confines "
                       "nothing else: the boundary is osh's own work.\nabi <abi/4.0>,\ninclude "
                       "<tunables/global>\n";
    struct Part {
        std::string_view name;
        std::string path;
    };
    for (Part const& part : {Part{"osh", std::string(program)},
             Part{"osh-netproxy", fmt::format("{}/osh-netproxy", libexec)},
             Part{"osh-init", fmt::format("{}/osh-init", libexec)}})
        text += fmt::format("\nprofile {} \"{}\" flags=(unconfined) {{\n  userns,\n  include if "
                            "exists <local/{}>\n}}\n",
            part.name, part.path, part.name);
    return text;
}

std::vector<Finding> machine_findings(HostFacts const& facts)
{
    Machine const& machine = facts.machine;
    std::vector<Finding> all;
    std::string const name = machine.pretty.empty() ? machine.distribution : machine.pretty;
    all.push_back({"distribution", Health::Good, name.empty() ? "unknown" : name, {}});
    if (wsl_of(facts.kernel_release) == Wsl::Two)
        all.push_back({"wsl", Health::Good, "WSL 2",
            facts.landlock_abi > 0
                ? ""
                : "for Landlock: kernelCommandLine = lsm=landlock,lockdown,yama,integrity,apparmor "
                  "below [wsl2] in .wslconfig of your Windows home, then wsl --shutdown"});
    if (!machine.container.empty())
        all.push_back({"container", facts.has_user_namespaces ? Health::Good : Health::Weaker,
            machine.container, {}});
    if (machine.apparmor_restricts == "1")
        all.push_back(
            facts.has_user_namespaces
                ? Finding{"apparmor", Health::Good,
                    machine.has_apparmor_profile ? "restricts user namespaces; osh has its profile"
                                                 : "restricts user namespaces, not those of osh",
                    {}}
                : Finding{"apparmor", Health::Missing,
                    "restricts user namespaces (Ubuntu 23.10 and later)",
                    "osh doctor --apparmor-profile | sudo tee /etc/apparmor.d/osh && sudo "
                    "apparmor_parser -r /etc/apparmor.d/osh"});
    if (!machine.selinux_enforcing.empty())
        all.push_back({"selinux", Health::Good,
            machine.selinux_enforcing == "1" ? "enforcing" : "permissive", {}});
    return all;
}

} // namespace osh::launcher
