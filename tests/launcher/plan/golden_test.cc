// The whole plan of the packaged profiles, as `osh plan` prints it, on a machine that does not
// exist: what a change to profiles or planner opens or closes shows here, line by line.
// OSH_WRITE_GOLDEN=1 writes the files anew; the difference is what is reviewed.

#include "launcher/plan/places_of_network.h"
#include "launcher/supervise/profile_store.h"

#include <cstdlib>
#include <fstream>
#include <gtest/gtest.h>
#include <sstream>

namespace osh::launcher
{
namespace
{

constexpr char kGolden[] = OSH_SOURCE_DIR "/tests/launcher/plan/golden/";

HostFacts made_up_machine()
{
    HostFacts facts;
    facts.uid = facts.gid = 1000;
    facts.user_name = facts.group_name = "ada";
    facts.home = "/home/ada";
    facts.shell = "/bin/bash";
    facts.git_name = {"Ada", "ada@example.org"};
    facts.project_root = "/home/ada/engine";
    facts.working_directory = "/home/ada/engine/src";
    facts.kernel_release = "6.12.0";
    facts.landlock_abi = 6;
    facts.has_user_namespaces = facts.has_tun = true;
    facts.has_cgroup_namespace = facts.has_time_namespace = true;
    facts.environment = {{"LANG", "en_GB.UTF-8"}, {"TERM", "xterm-256color"}, {"EDITOR", "vi"},
        {"GITHUB_TOKEN", "secret-1"}, {"SSH_AUTH_SOCK", "/run/user/1000/agent"}, {"DISPLAY", ":0"},
        {"DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/1000/bus"}, {"HOME", "/home/ada"}};
    facts.system_paths = {{"/usr", ""}, {"/bin", "usr/bin"}, {"/sbin", "usr/sbin"},
        {"/lib", "usr/lib"}, {"/lib64", "usr/lib64"}, {"/etc/ld.so.cache", ""},
        {"/etc/localtime", "/usr/share/zoneinfo/Europe/London"}, {"/etc/os-release", ""}};
    facts.existing_paths = {"/home/ada/.cargo/", "/home/ada/.cache/pip/", "/home/ada/.npmrc",
        "/home/ada/.ssh/", "/home/ada/engine/.git/hooks/", "/home/ada/engine/.git/config",
        "/home/ada/engine/.git/"};
    facts.masked_paths = {"/home/ada/engine/.env", "/home/ada/engine/secrets/"};
    facts.trust_bundle = "/etc/ssl/certs/ca-certificates.crt";
    facts.memory_bytes = std::uint64_t{16} * 1024 * 1024 * 1024;
    facts.libexec = "/usr/libexec/osh";
    for (char const* path : {"/dev/dri/card0", "/dev/dri/renderD128", "/dev/nvidia0",
             "/dev/nvidiactl", "/dev/snd/controlC0", "/dev/snd/timer"})
        facts.devices[path] = {NodeKind::Character, path, 0, 226, 0};
    facts.devices["/dev/ttyUSB0"] = {NodeKind::Character, "/dev/ttyUSB0", 0, 188, 0};
    facts.sockets = {{"ssh-agent", {NodeKind::Socket, "/run/user/1000/agent", 1000}},
        {"docker", {NodeKind::Socket, "/run/docker.sock"}},
        {"wayland", {NodeKind::Socket, "/run/user/1000/wayland-0", 1000}}};
    return facts;
}

std::string plan_of(std::string const& name)
{
    StorePlaces places;
    places.packaged = OSH_SOURCE_DIR "/profiles";
    places.home = "/home/ada";
    auto const loaded = load_profile(places, {name == "opened" ? kGolden + name + ".toml" : name});
    if (!loaded.ok() || !loaded->profile)
        return "the profile cannot be loaded\n";
    auto const layers = load_policy_layers(places, *loaded->profile);
    if (!layers.ok())
        return "the policy cannot be loaded\n";
    auto const policy = policy::compile_policy(*layers, policy::Enforcement::DefaultEnforce);
    auto const planned = make_plan(*loaded->profile,
        policy.policy ? *policy.policy : policy::Policy{}, made_up_machine(), {"make"});
    std::string text = describe(planned.plan, places_of(loaded->profile->network));
    for (auto const& error : planned.errors)
        text += "\nerror: " + error.sentence + "\n";
    return text;
}

class GoldenPlan : public testing::TestWithParam<char const*>
{
};

TEST_P(GoldenPlan, IsWhatWasReviewed)
{
    std::string const file = std::string(kGolden) + GetParam() + ".txt";
    std::string const text = plan_of(GetParam());
    if (std::getenv("OSH_WRITE_GOLDEN") != nullptr)
        std::ofstream(file) << text;
    std::ostringstream expected;
    expected << std::ifstream(file).rdbuf();
    EXPECT_EQ(text, expected.str());
}

TEST(JsonPlan, HasPublishedPortsAndAddedHosts)
{
    policy::Profile profile;
    profile.network.publish = {"127.0.0.1:8080:3000"};
    profile.network.hosts = {"build.test:192.0.2.7"};
    auto const planned = make_plan(profile, policy::Policy{}, made_up_machine(), {"make"});
    auto const text = describe_json(planned.plan, places_of(profile.network));
    EXPECT_NE(text.find(R"("published":[{"spec":"127.0.0.1:8080:3000","host_port":8080,)"
                        R"("inside_port":3000}],"added_hosts":[{"name":"build.test",)"
                        R"("address":"192.0.2.7"}])"),
        std::string::npos)
        << text;
}

INSTANTIATE_TEST_SUITE_P(
    PackagedProfiles, GoldenPlan, testing::Values("strict", "daily", "untrusted-repo", "opened"));

} // namespace
} // namespace osh::launcher
