#include "launcher/plan/doors.h"

#include <gmock/gmock.h>

namespace osh::launcher
{
namespace
{

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

HostFacts desktop()
{
    HostFacts facts;
    facts.uid = 1000;
    facts.home = "/home/ada";
    facts.project_root = "/home/ada/engine";
    facts.environment = {{"SSH_AUTH_SOCK", "/run/user/1000/agent"},
        {"DBUS_SESSION_BUS_ADDRESS", "unix:abstract=/x;unix:path=/run/user/1000/bus,guid=1"}};
    return facts;
}

Planned opened(std::string const& name, NodeFact const& fact, HostFacts facts = desktop())
{
    policy::Profile profile;
    profile.filesystem.sockets = {name};
    facts.sockets[name] = fact;
    Planned planned;
    add_doors(planned, facts, profile);
    return planned;
}

NodeFact socket_of(std::uint32_t owner, std::string path = "/run/user/1000/agent")
{
    return {NodeKind::Socket, std::move(path), owner};
}

std::string refusal(std::string const& name, NodeFact const& fact)
{
    auto const planned = opened(name, fact);
    EXPECT_THAT(planned.plan.doors, IsEmpty());
    EXPECT_THAT(planned.plan.mounts, IsEmpty());
    EXPECT_THAT(planned.errors, SizeIs(1));
    return planned.errors.empty() ? "" : planned.errors[0].sentence;
}

TEST(AddDoors, ConnectsToThePlaceWithoutLinks)
{
    auto const planned = opened("ssh-agent", socket_of(1000, "/tmp/ssh-1/agent.2"));
    ASSERT_THAT(planned.plan.doors, SizeIs(1));
    EXPECT_EQ(planned.plan.doors[0].host, "/tmp/ssh-1/agent.2");
    EXPECT_EQ(planned.plan.door_variables.at("SSH_AUTH_SOCK"), "/run/osh/ssh-agent.sock");
    EXPECT_THAT(planned.plan.warnings, IsEmpty());
    EXPECT_THAT(planned.plan.notes, SizeIs(1));
}

TEST(AddDoors, WarnsOfWhatMakesTheBoundaryVoid)
{
    for (std::string const name : {"docker", "podman", "session-bus"})
        EXPECT_THAT(opened(name, socket_of(0, "/run/x.sock")).plan.warnings, SizeIs(1)) << name;
}

TEST(AddDoors, RefusesWhatIsNoSocketOfThePerson)
{
    EXPECT_THAT(refusal("ssh-agent", {}), HasSubstr("there is none at"));
    EXPECT_THAT(refusal("ssh-agent", {NodeKind::Other, "/x", 1000}), HasSubstr("is no socket"));
    EXPECT_THAT(refusal("ssh-agent", {NodeKind::Block, "/dev/sda", 0}), HasSubstr("is no socket"));
    EXPECT_THAT(refusal("ssh-agent", socket_of(1001)), HasSubstr("another user"));
    EXPECT_THAT(refusal("ssh-agent", socket_of(1000, "/home/ada/engine/agent")),
        HasSubstr("programs inside may write"));
    EXPECT_THAT(refusal("ssh-agent", socket_of(1000, "/home/ada/.local/state/osh/homes/x/agent")),
        HasSubstr("programs inside may write"));
    EXPECT_THAT(refusal("x11", socket_of(1000)), HasSubstr("wayland"));
    EXPECT_THAT(refusal("dbus", socket_of(1000)), HasSubstr("share_session_bus = true"));
    EXPECT_THAT(refusal("dockre", socket_of(1000)), HasSubstr("the names are"));
}

TEST(DoorPlace, ReadsWhatProgramsOutsideRead)
{
    auto facts = desktop();
    EXPECT_EQ(door_place("session-bus", facts), "/run/user/1000/bus");
    EXPECT_EQ(door_place("docker", facts), "/var/run/docker.sock");
    EXPECT_EQ(door_place("podman", facts), "/run/user/1000/podman/podman.sock");
    EXPECT_EQ(door_place("wayland", facts), "/run/user/1000/wayland-0");
    EXPECT_EQ(door_place("pulse", facts), "/run/user/1000/pulse/native");
    facts.environment = {{"DOCKER_HOST", "tcp://127.0.0.1:2375"}, {"WAYLAND_DISPLAY", "wayland-3"},
        {"XDG_RUNTIME_DIR", "/run/me"}, {"DBUS_SESSION_BUS_ADDRESS", "unix:abstract=/tmp/dbus-1"}};
    EXPECT_EQ(door_place("docker", facts), "");
    EXPECT_EQ(door_place("wayland", facts), "/run/me/wayland-3");
    EXPECT_EQ(door_place("session-bus", facts), "");
    EXPECT_EQ(door_place("ssh-agent", facts), "");
}

} // namespace
} // namespace osh::launcher
