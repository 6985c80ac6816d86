#include "launcher/plan/machine.h"

#include "launcher/plan/findings.h"
#include "launcher/plan/host_facts.h"

#include <gmock/gmock.h>

namespace osh::launcher
{
namespace
{

using testing::HasSubstr;
using testing::Not;

HostFacts machine_of(char const* os_release, char const* kernel = "6.8.0-50-generic")
{
    HostFacts facts;
    facts.kernel_release = kernel;
    facts.landlock_abi = 4;
    read_os_release(os_release, facts.machine);
    return facts;
}

constexpr auto* kDebian =
    "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n";
constexpr auto* kUbuntu =
    "PRETTY_NAME=\"Ubuntu 24.04.1 LTS\"\nID=ubuntu\nID_LIKE=debian\nVERSION_ID=\"24.04\"\n";
constexpr auto* kFedora = "ID=fedora\nVERSION_ID=42\nPRETTY_NAME=\"Fedora Linux 42\"\n";
constexpr auto* kArch = "ID=arch\nPRETTY_NAME='Arch Linux'\n";

std::string problem(HostFacts const& facts)
{
    return namespace_problem(facts.machine, facts);
}

Finding const* find(std::vector<Finding> const& all, std::string const& name)
{
    for (auto const& one : all)
        if (one.name == name)
            return &one;
    return nullptr;
}

TEST(Machine, ReadsOsRelease)
{
    auto const facts = machine_of(kUbuntu);
    EXPECT_EQ(facts.machine.distribution, "ubuntu");
    EXPECT_EQ(facts.machine.version, "24.04");
    EXPECT_EQ(facts.machine.pretty, "Ubuntu 24.04.1 LTS");
    EXPECT_EQ(machine_of(kArch).machine.pretty, "Arch Linux");
}

TEST(Machine, TellsUbuntuTheAppArmorFileForOshAlone)
{
    auto facts = machine_of(kUbuntu);
    facts.machine.apparmor_restricts = "1";
    EXPECT_THAT(
        problem(facts), HasSubstr("osh doctor --apparmor-profile | sudo tee /etc/apparmor.d/osh"));
    auto const all = findings(facts);
    ASSERT_NE(find(all, "apparmor"), nullptr);
    EXPECT_EQ(find(all, "apparmor")->health, Health::Missing);
    facts.has_user_namespaces = true;
    EXPECT_EQ(find(findings(facts), "apparmor")->health, Health::Good);
}

TEST(Machine, TellsDebianAndArchTheSwitch)
{
    auto debian = machine_of(kDebian);
    debian.machine.userns_clone = "0";
    EXPECT_THAT(problem(debian), HasSubstr("Debian 10"));
    EXPECT_THAT(problem(debian), HasSubstr("echo 'kernel.unprivileged_userns_clone=1' | sudo tee"));
    auto arch = machine_of(kArch);
    arch.machine.userns_clone = "0";
    EXPECT_THAT(problem(arch), HasSubstr("Arch's hardened kernel"));
    debian.machine.userns_clone = "1";
    debian.machine.max_user_namespaces = "0";
    EXPECT_THAT(problem(debian), HasSubstr("user.max_user_namespaces=16384"));
}

TEST(Machine, TellsFedoraToAskSelinux)
{
    auto facts = machine_of(kFedora);
    facts.machine.selinux_enforcing = "1";
    EXPECT_THAT(problem(facts), HasSubstr("ausearch"));
    EXPECT_EQ(find(findings(facts), "selinux")->value, "enforcing");
}

TEST(Machine, KnowsBothWsl)
{
    EXPECT_THAT(
        problem(machine_of(kUbuntu, "4.4.0-19041-Microsoft")), HasSubstr("wsl --set-version"));
    auto two = machine_of(kUbuntu, "5.15.153.1-microsoft-standard-WSL2");
    EXPECT_THAT(problem(two), Not(HasSubstr("WSL 1")));
    two.landlock_abi = 0;
    EXPECT_THAT(find(findings(two), "wsl")->fix, HasSubstr("kernelCommandLine"));
}

TEST(Machine, TellsContainersWhatToBeStartedWith)
{
    auto docker = machine_of(kDebian);
    docker.machine.container = "docker";
    docker.machine.apparmor_restricts = "1"; // the host's; the container's own limits come first
    EXPECT_THAT(problem(docker), HasSubstr("docker run --security-opt seccomp=unconfined"));
    docker.machine.container = "podman";
    EXPECT_THAT(problem(docker), HasSubstr("podman run"));
}

TEST(Machine, SaysSomethingTrueWhenNothingIsKnown)
{
    EXPECT_THAT(problem(machine_of("")), HasSubstr("does not allow user namespaces"));
    EXPECT_EQ(find(findings(machine_of("")), "distribution")->value, "unknown");
}

TEST(Machine, WritesTheAppArmorFileForWhereOshIs)
{
    auto const text = apparmor_profile("/home/a b/bin/osh", "/home/a b/libexec/osh");
    EXPECT_THAT(
        text, HasSubstr("profile osh \"/home/a b/bin/osh\" flags=(unconfined) {\n  userns,\n"));
    EXPECT_THAT(text, HasSubstr("\"/home/a b/libexec/osh/osh-init\""));
}

} // namespace
} // namespace osh::launcher
