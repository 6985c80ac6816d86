#include "launcher/plan/doors.h"

#include "launcher/plan/system_tree.h"
#include "policy/base/text.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <fmt/format.h>
#include <optional>

namespace osh::launcher
{
namespace
{

// Filtered and Relayed sockets are made inside and served by osh's door keeper. Where a protocol
// passes descriptors, no relay of bytes can carry it: the host's own socket is shown.
enum class Way { Filtered, Relayed, Shown };

struct Known {
    std::string_view name;
    Way way = Way::Relayed;
    std::string_view variable, prefix; // told to programs: prefix and the path inside
    std::string_view consequence;
};

constexpr std::array kKnown{
    Known{kSshAgent, Way::Filtered, "SSH_AUTH_SOCK", "",
        "programs inside can sign with every key of your ssh-agent (log in, push) while the "
        "session runs; adding, removing and locking keys is refused"},
    Known{"docker", Way::Relayed, "DOCKER_HOST", "unix://",
        "whoever reaches the Docker socket is root on this machine: the boundary does not hold "
        "against it"},
    Known{"podman", Way::Relayed, "CONTAINER_HOST", "unix://",
        "whoever reaches the Podman socket has all your files: the boundary does not hold against "
        "it"},
    Known{"wayland", Way::Shown, "WAYLAND_DISPLAY", "",
        "the compositor's own socket: windows, the clipboard, and where the compositor allows it "
        "screenshots and typing into other windows"},
    Known{"pipewire", Way::Shown, "PIPEWIRE_REMOTE", "",
        "PipeWire's own socket: programs inside can hear the microphone, and see the camera and "
        "the screen where the session manager lets them"},
    Known{"pulse", Way::Shown, "PULSE_SERVER", "unix:",
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
        "run what needs the bus outside"},
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

// Where the person's own programs would find it; "" if nowhere.
std::string place_of(std::string_view name, HostFacts const& facts)
{
    std::string runtime = variable(facts, "XDG_RUNTIME_DIR");
    if (!runtime.starts_with('/'))
        runtime = fmt::format("/run/user/{}", facts.uid);
    auto const in_runtime = [&](std::string const& file) {
        return file.starts_with('/') ? file : runtime + "/" + file;
    };
    if (name == kSshAgent)
        return variable(facts, "SSH_AUTH_SOCK");
    if (name == "docker") {
        auto const host = variable(facts, "DOCKER_HOST");
        return host.empty() ? "/var/run/docker.sock" : without(host, "unix://");
    }
    if (name == "podman") {
        auto const host = variable(facts, "CONTAINER_HOST");
        if (!host.empty())
            return without(host, "unix://");
        return facts.uid == 0 ? "/run/podman/podman.sock" : in_runtime("podman/podman.sock");
    }
    if (name == "pulse") {
        auto const server = variable(facts, "PULSE_SERVER");
        return server.empty() ? in_runtime("pulse/native") : without(server, "unix:");
    }
    auto const file = variable(facts, name == "wayland" ? "WAYLAND_DISPLAY" : "PIPEWIRE_REMOTE");
    return in_runtime(!file.empty() ? file : name == "wayland" ? "wayland-0" : "pipewire-0");
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
    plan.notes.push_back(fmt::format("{} is open: {}", known.name, known.consequence));
}

} // namespace

void add_doors(Planned& planned, HostFacts const& facts, policy::Profile const& profile)
{
    for (auto const& name : profile.filesystem.sockets) {
        auto const* const known = std::ranges::find(kKnown, name, &Known::name);
        if (known == kKnown.end()) {
            planned.errors.push_back(why_not(name));
            continue;
        }
        std::string const host = place_of(name, facts);
        if (!host.starts_with('/'))
            planned.errors.push_back(
                refusal(fmt::format("this profile opens the socket {}, and {} does not say where a "
                                    "local one is.",
                            in_quotes(name), known->variable),
                    fmt::format("start it and set {}, or remove it from [filesystem] sockets.",
                        known->variable)));
        else
            open_door(planned.plan, *known, host);
    }
}

} // namespace osh::launcher
