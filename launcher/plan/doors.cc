#include "launcher/plan/doors.h"

#include "launcher/plan/probe_request.h"
#include "launcher/plan/project_tree.h"
#include "launcher/plan/system_tree.h"
#include "policy/base/text.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <fmt/format.h>

namespace osh::launcher
{
namespace
{

// Filtered and Relayed sockets are made inside and served by osh's door keeper. Where a protocol
// passes descriptors, no relay of bytes can carry it: the host's own socket is shown.
enum class Way { Filtered, Relayed, Shown };
// Void: whoever reaches it is outside, whatever else the profile says.
enum class Boundary : bool { Narrower, Void };

struct Known {
    std::string_view name;
    Way way = Way::Relayed;
    Boundary boundary = Boundary::Narrower;
    std::string_view variable, prefix; // told to programs: prefix and the path inside
    std::string_view consequence;
};

constexpr std::array kKnown{
    Known{kSshAgent, Way::Filtered, Boundary::Narrower, "SSH_AUTH_SOCK", "",
        "programs inside can sign with every key of your ssh-agent (log in, push) while the "
        "session runs; adding, removing and locking keys is refused"},
    Known{"docker", Way::Relayed, Boundary::Void, "DOCKER_HOST", "unix://",
        "whoever reaches the Docker socket is root on this machine: the boundary does not hold "
        "against it"},
    Known{"podman", Way::Relayed, Boundary::Void, "CONTAINER_HOST", "unix://",
        "whoever reaches the Podman socket has all your files: the boundary does not hold against "
        "it"},
    Known{kSessionBus, Way::Shown, Boundary::Void, "DBUS_SESSION_BUS_ADDRESS", "unix:path=",
        "programs inside can start programs outside by the session bus, with your rights, and ask "
        "the keyring: the boundary does not hold against it"},
    Known{"wayland", Way::Shown, Boundary::Narrower, "WAYLAND_DISPLAY", "",
        "the compositor's own socket: windows, the clipboard, and where the compositor allows it "
        "screenshots and typing into other windows"},
    Known{"pipewire", Way::Shown, Boundary::Narrower, "PIPEWIRE_REMOTE", "",
        "PipeWire's own socket: programs inside can hear the microphone, and see the camera and "
        "the screen where the session manager lets them"},
    Known{"pulse", Way::Shown, Boundary::Narrower, "PULSE_SERVER", "unix:",
        "the sound server's own socket: programs inside can hear the microphone, and load modules "
        "into the server"},
};

struct Refused {
    std::string_view name, why, instead;
};

constexpr std::array kRefused{
    Refused{"gpg-agent",
        "osh has no filter for its protocol, and the bare socket would let a "
        "program inside export and delete keys",
        "sign commits with an SSH key (git config gpg.format ssh) and sockets = [\"ssh-agent\"]"},
    Refused{"x11", "an X server lets each client read all keys and type into every window",
        "use a Wayland program and sockets = [\"wayland\"]"},
    Refused{"dbus", "the session bus starts programs outside of the sandbox, with your rights",
        "run what needs the bus outside; to open it in spite of that, write sockets = "
        "[\"session-bus\"], or [unsafe] share_session_bus = true"},
    Refused{"systemd", "it starts programs outside of the sandbox, with your rights",
        "start services outside"},
};

Error refusal(std::string what, std::string_view fix)
{
    return {Errc::Unsupported, 0,
        fmt::format("{}\nfix: {}\nhelp: man 5 osh-profile (sockets)", std::move(what), fix)};
}

std::string variable(HostFacts const& facts, std::string const& name)
{
    auto const found = facts.environment.find(name);
    return found == facts.environment.end() ? std::string() : found->second;
}

std::string without(std::string text, std::string_view prefix)
{
    return text.starts_with(prefix) ? text.substr(prefix.size()) : std::string();
}

// D-Bus specification, "Server Addresses": the first that is a path; escapes are not read.
std::string bus_path(std::string const& addresses)
{
    for (auto const address : split(addresses, ';'))
        if (address.starts_with("unix:"))
            for (auto const item : split(address.substr(std::string_view("unix:").size()), ','))
                if (item.starts_with("path=/") && item.find('%') == std::string_view::npos)
                    return std::string(item.substr(std::string_view("path=").size()));
    return {};
}

std::string known_names()
{
    std::string text;
    for (auto const& known : kKnown)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", known.name);
    return text;
}

Error why_not(std::string const& name)
{
    for (auto const& refused : kRefused)
        if (refused.name == name)
            return refusal(fmt::format("this profile opens the socket {}, which osh does not give: "
                                       "{}.",
                               in_quotes(name), refused.why),
                fmt::format("{}.", refused.instead));
    return refusal(
        fmt::format("this profile opens a socket {}, which osh does not know.", in_quotes(name)),
        fmt::format("the names are {}.", known_names()));
}

// Where programs inside may make and rename files of the host.
bool is_writable_inside(
    std::string const& path, HostFacts const& facts, policy::Profile const& profile)
{
    std::string const state = state_directory(variable(facts, "XDG_STATE_HOME"), facts.home);
    Places const places{facts.home, facts.project_root, state};
    if (profile.filesystem.project == policy::ProjectAccess::ReadWrite
        && is_at_or_below(path, facts.project_root))
        return true;
    return is_at_or_below(path, state + "/homes")
           || std::ranges::any_of(profile.filesystem.write, [&](auto const& entry) {
                  auto const granted = expand_path(entry, places);
                  return !granted.empty() && is_at_or_below(path, granted);
              });
}

// "" when the socket may be opened.
std::string problem_of(
    std::string const& name, HostFacts const& facts, policy::Profile const& profile)
{
    std::string const place = door_place(name, facts);
    auto const found = facts.sockets.find(name);
    NodeFact const fact = found == facts.sockets.end() ? NodeFact{} : found->second;
    if (fact.kind == NodeKind::Missing)
        return fmt::format("there is none at {}", shown(place));
    if (fact.kind != NodeKind::Socket)
        return fmt::format("{} is no socket", shown(place));
    if (fact.owner != 0 && fact.owner != facts.uid)
        return fmt::format("{} belongs to another user (uid {}), whose program would be behind it",
            shown(place), fact.owner);
    if (is_writable_inside(place, facts, profile)
        || is_writable_inside(fact.real_path, facts, profile))
        return fmt::format("{} lies where programs inside may write: they could put another one "
                           "in its place",
            shown(place));
    return {};
}

void open_door(Plan& plan, Known const& known, std::string const& host)
{
    std::string const inside = fmt::format("/run/osh/{}.sock", known.name);
    if (known.way == Way::Shown) {
        MountStep step = bind_step(host, inside, Write::No);
        step.kind = MountKind::Socket;
        step.no_exec = true;
        plan.mounts.push_back(step);
    } else {
        plan.doors.push_back({std::string(known.name), inside, host});
    }
    plan.landlock.push_back({inside, LandlockRule::Access::Socket, false});
    plan.door_variables[std::string(known.variable)] = std::string(known.prefix) + inside;
    auto& list = known.boundary == Boundary::Void ? plan.warnings : plan.notes;
    list.push_back(fmt::format("{} is open: {}", known.name, known.consequence));
}

} // namespace

std::string door_place(std::string_view name, HostFacts const& facts)
{
    std::string runtime = variable(facts, "XDG_RUNTIME_DIR");
    if (!runtime.starts_with('/'))
        runtime = fmt::format("/run/user/{}", facts.uid);
    auto const in_runtime = [&](std::string const& file) {
        return file.starts_with('/') ? file : runtime + "/" + file;
    };
    auto const named = [&](std::string const& name_of_variable, std::string_view prefix,
                           std::string const& otherwise) {
        auto const text = variable(facts, name_of_variable);
        return text.empty() ? otherwise : without(text, prefix);
    };
    if (name == kSshAgent)
        return variable(facts, "SSH_AUTH_SOCK");
    if (name == "docker")
        return named("DOCKER_HOST", "unix://", "/var/run/docker.sock");
    if (name == "podman")
        return named("CONTAINER_HOST", "unix://",
            facts.uid == 0 ? "/run/podman/podman.sock" : in_runtime("podman/podman.sock"));
    if (name == "pulse")
        return named("PULSE_SERVER", "unix:", in_runtime("pulse/native"));
    if (name == "wayland")
        return in_runtime(named("WAYLAND_DISPLAY", "", "wayland-0"));
    if (name == "pipewire")
        return in_runtime(named("PIPEWIRE_REMOTE", "", "pipewire-0"));
    if (name != kSessionBus)
        return {};
    auto const bus = variable(facts, "DBUS_SESSION_BUS_ADDRESS");
    return bus.empty() ? in_runtime("bus") : bus_path(bus);
}

void add_doors(Planned& planned, HostFacts const& facts, policy::Profile const& profile)
{
    for (auto const& name : profile.filesystem.sockets) {
        auto const* const known = std::ranges::find(kKnown, name, &Known::name);
        if (known == kKnown.end()) {
            planned.errors.push_back(why_not(name));
            continue;
        }
        if (!door_place(name, facts).starts_with('/')) {
            planned.errors.push_back(
                refusal(fmt::format("this profile opens the socket {}, and {} does not say where a "
                                    "local one is.",
                            in_quotes(name), known->variable),
                    fmt::format("start it and set {}, or remove it from [filesystem] sockets.",
                        known->variable)));
            continue;
        }
        if (auto const problem = problem_of(name, facts, profile); !problem.empty())
            planned.errors.push_back(refusal(
                fmt::format("this profile opens the socket {}: {}.", in_quotes(name), problem),
                fmt::format("start what listens there, set {}, or remove it from [filesystem] "
                            "sockets.",
                    known->variable)));
        else
            open_door(planned.plan, *known, facts.sockets.at(name).real_path);
    }
}

std::string what_doors_give_up(policy::Profile const& profile)
{
    std::string text;
    for (auto const& known : kKnown)
        if (known.boundary == Boundary::Void
            && std::ranges::find(profile.filesystem.sockets, known.name)
                   != profile.filesystem.sockets.end())
            text +=
                fmt::format("{}{}: {}", text.empty() ? "" : "; ", known.name, known.consequence);
    return text;
}

} // namespace osh::launcher
