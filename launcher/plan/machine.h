#pragma once
// What kind of machine this is, where that decides which fix is the right one: the distribution, a
// container, WSL, AppArmor, SELinux. Facts as values; the words are made here. Pure.

#include <string>
#include <string_view>
#include <vector>

namespace osh::launcher
{

struct HostFacts;
struct Finding;

struct Machine {
    std::string distribution, like, version, pretty; // os-release(5)
    std::string container;                           // "docker", "podman", "lxc", …, "" outside
    // Settings as the kernel shows them, "" where it has none.
    std::string userns_clone, max_user_namespaces, apparmor_restricts, selinux_enforcing;
    bool has_apparmor_profile = false; // a file for osh in /etc/apparmor.d
};

void read_os_release(std::string_view text, Machine& into);
enum class Wsl { No, One, Two };
Wsl wsl_of(std::string_view kernel_release);

// Why no user namespace can be made, with the fix for this machine; as one paragraph.
std::string namespace_problem(Machine const& machine, HostFacts const& facts);
// AppArmor's file for osh as it is installed here: lets its programs make user namespaces.
std::string apparmor_profile(std::string_view program, std::string_view libexec);

std::vector<Finding> machine_findings(HostFacts const& facts);

} // namespace osh::launcher
