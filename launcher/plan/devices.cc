#include "launcher/plan/devices.h"

#include "launcher/plan/system_tree.h"
#include "policy/base/text.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

using Access = LandlockRule::Access;
using Tail = DevicePattern::Tail;

// Harmless, and all that programs expect everywhere.
constexpr std::array<std::string_view, 6> kEverywhere{
    "null", "zero", "full", "random", "urandom", "tty"};

struct GroupPlace {
    std::string_view group, directory, stem;
    Tail tail = Tail::None;
};

// Render nodes compute and draw, but do not set the screen: /dev/dri/card* stays outside.
// NVIDIA's driver has nodes of its own (its README, chapter 6).
constexpr std::array kGroupPlaces{
    GroupPlace{"gpu", "/dev/dri", "renderD", Tail::Digits},
    GroupPlace{"gpu", "/dev", "nvidia", Tail::Digits},
    GroupPlace{"gpu", "/dev", "nvidiactl"},
    GroupPlace{"gpu", "/dev", "nvidia-modeset"},
    GroupPlace{"gpu", "/dev", "nvidia-uvm"},
    GroupPlace{"gpu", "/dev", "nvidia-uvm-tools"},
    GroupPlace{"camera", "/dev", "video", Tail::Digits},
    GroupPlace{"audio", "/dev/snd", "", Tail::Any},
    GroupPlace{"kvm", "/dev", "kvm"},
    GroupPlace{"fuse", "/dev", "fuse"},
};

struct Consequence {
    std::string_view group, text;
};

constexpr std::array kConsequences{
    Consequence{"gpu", "the graphics driver, a large part of the kernel, can be called, and the "
                       "graphics memory is shared with your desktop"},
    Consequence{"camera", "programs inside can see through your camera while the session runs"},
    Consequence{"audio", "programs inside can hear your microphone while the session runs"},
    Consequence{"kvm", "virtual machines can be run, by a part of the kernel that is otherwise out "
                       "of reach"},
    Consequence{"fuse", "programs inside can answer the kernel's questions about files"},
};

// Names that people try, and what is meant by them here.
struct OtherName {
    std::string_view name, instead;
};

constexpr std::array kOtherNames{OtherName{"dri", "gpu"}, OtherName{"nvidia", "gpu"},
    OtherName{"render", "gpu"}, OtherName{"snd", "audio"}, OtherName{"sound", "audio"},
    OtherName{"microphone", "audio"}, OtherName{"video", "camera"}, OtherName{"webcam", "camera"}};

// Documentation/admin-guide/devices.txt of the kernel.
constexpr std::uint32_t kMemoryMajor = 1, kAcmMajor = 166, kUsbSerialMajor = 188;
constexpr std::array<std::uint32_t, 5> kMemoryMinors{1, 2, 4, 11, 12}; // mem kmem port kmsg oldmem

Error refusal(std::string_view name, std::string_view why, std::string_view fix)
{
    return {Errc::Unsupported, 0,
        fmt::format("this profile opens the device {}: {}.\nfix: {}.\nhelp: man 5 osh-profile "
                    "(devices)",
            in_quotes(name), why, fix)};
}

std::vector<std::string_view> known_names()
{
    std::vector<std::string_view> names(kEverywhere.begin(), kEverywhere.end());
    for (auto const& consequence : kConsequences)
        names.push_back(consequence.group);
    return names;
}

Error unknown(std::string const& name)
{
    std::string all;
    for (auto const known : known_names())
        all += (all.empty() ? "" : ", ") + std::string(known);
    auto const* const other = std::ranges::find(kOtherNames, name, &OtherName::name);
    std::string_view const meant =
        other != kOtherNames.end() ? other->instead : nearest_word(name, known_names());
    return refusal(name, "osh does not know it",
        meant.empty()
            ? fmt::format("the names are {}, and paths of USB serial lines (/dev/ttyUSB0)", all)
            : fmt::format("write \"{}\"", meant));
}

void add_node(Plan& plan, std::string const& source, std::string const& target)
{
    MountStep step = bind_step(source, target, Write::No);
    step.no_dev = false;
    step.no_exec = true;
    step.optional = true;
    plan.mounts.push_back(step);
    plan.landlock.push_back({target, target == "/dev/tty" ? Access::Terminal : Access::Device});
}

void add_group(Plan& plan, HostFacts const& facts, std::string const& name)
{
    auto const patterns = device_patterns(name);
    bool has_any = false;
    for (auto const& [path, node] : facts.devices) {
        bool const is_meant = std::ranges::any_of(patterns, [&](auto const& p) {
            return path.starts_with(p.directory + "/")
                   && fits(p, std::string_view(path).substr(p.directory.size() + 1));
        });
        if (!is_meant || node.kind != NodeKind::Character || node.real_path != path)
            continue;
        add_node(plan, path, path);
        has_any = true;
    }
    auto const* const consequence = std::ranges::find(kConsequences, name, &Consequence::group);
    plan.notes.push_back(has_any ? fmt::format("{} is open: {}", name, consequence->text)
                                 : fmt::format("{}: this machine has no such device", name));
}

// "" when it is a serial line.
std::string problem_of(NodeFact const& node)
{
    if (node.kind == NodeKind::Block)
        return "it is a disk or a part of one, and whoever reads it has every file on it";
    if (node.kind != NodeKind::Character)
        return "it is no device";
    if (node.major == kMemoryMajor
        && std::ranges::find(kMemoryMinors, node.minor) != kMemoryMinors.end())
        return "it is the machine's memory";
    if (node.major != kAcmMajor && node.major != kUsbSerialMajor)
        return "only USB serial lines are opened by their path";
    return {};
}

void add_path(Planned& planned, HostFacts const& facts, std::string const& path)
{
    auto const found = facts.devices.find(path);
    NodeFact const node = found == facts.devices.end() ? NodeFact{} : found->second;
    if (!path.starts_with("/dev/") || path.find("/../") != std::string::npos) {
        planned.errors.push_back(refusal(path, "it is not below /dev", "name a device of /dev"));
    } else if (node.kind == NodeKind::Missing) {
        planned.plan.notes.push_back(fmt::format("{} is not there", shown(path)));
    } else if (auto const problem = problem_of(node); !problem.empty()) {
        planned.errors.push_back(refusal(path, problem, "remove it from [filesystem] devices"));
    } else {
        add_node(planned.plan, node.real_path, path);
        planned.plan.notes.push_back(fmt::format(
            "{} is open: programs inside command what is plugged in there", shown(path)));
    }
}

} // namespace

std::vector<DevicePattern> device_patterns(std::string_view name)
{
    std::vector<DevicePattern> patterns;
    for (auto const& place : kGroupPlaces)
        if (place.group == name)
            patterns.push_back({std::string(place.directory), std::string(place.stem), place.tail});
    if (auto const slash = name.rfind('/'); name.starts_with("/dev/"))
        patterns.push_back(
            {std::string(name.substr(0, slash)), std::string(name.substr(slash + 1)), Tail::None});
    return patterns;
}

bool fits(DevicePattern const& pattern, std::string_view node)
{
    if (!node.starts_with(pattern.stem) || node.find('/') != std::string_view::npos)
        return false;
    auto const rest = node.substr(pattern.stem.size());
    if (pattern.tail == Tail::Digits)
        return !rest.empty()
               && std::ranges::all_of(rest, [](char c) { return c >= '0' && c <= '9'; });
    return pattern.tail == Tail::Any ? !node.empty() : rest.empty();
}

void add_devices(Planned& planned, HostFacts const& facts, policy::Profile const& profile)
{
    auto names = profile.filesystem.devices;
    if (names.empty())
        names.assign(kEverywhere.begin(), kEverywhere.end());
    for (auto const& name : names) {
        if (std::ranges::find(kEverywhere, name) != kEverywhere.end())
            add_node(planned.plan, "/dev/" + name, "/dev/" + name);
        else if (name.starts_with('/'))
            add_path(planned, facts, name);
        else if (name == "fuse" && !profile.share_fuse)
            planned.errors.push_back(refusal(name,
                "file systems made by the agent are answered for by the agent, inside the kernel",
                "write [unsafe] share_fuse = true if it is needed in spite of that"));
        else if (!device_patterns(name).empty())
            add_group(planned.plan, facts, name);
        else
            planned.errors.push_back(unknown(name));
    }
}

} // namespace osh::launcher
