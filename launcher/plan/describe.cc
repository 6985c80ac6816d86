// `osh plan`: the plan for people, and as JSON.

#include "launcher/plan/doors.h"
#include "launcher/plan/places_of_network.h"
#include "launcher/plan/plan.h"
#include "policy/base/text.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr std::array kKindWords{"tmpfs", "bind", "proc", "devpts", "dir", "link", "file", "mask",
    "mask", "twin", "pin", "socket", "aside"};
constexpr std::array kAccessWords{
    "list", "read", "read+exec", "write", "write+exec", "device", "terminal", "socket"};

std::string_view kind_text(MountStep const& step)
{
    if (step.kind == MountKind::Bind && !step.no_dev)
        return "device";
    return kKindWords[static_cast<std::size_t>(step.kind)];
}

std::string size_text(std::uint64_t bytes)
{
    constexpr std::array kUnits{"", "K", "M", "G", "T"};
    std::size_t unit = 0;
    while (bytes >= 1024 && unit + 1 < kUnits.size()) {
        bytes /= 1024;
        ++unit;
    }
    return fmt::format("{}{}", bytes, kUnits[unit]);
}

std::string flags_text(MountStep const& step)
{
    switch (step.kind) {
    case MountKind::Directory:
    case MountKind::Symlink:
    case MountKind::File: return "ro";
    case MountKind::MaskFile:
    case MountKind::MaskDirectory: return "empty";
    default:
        return fmt::format("{}{}", step.read_only ? "ro" : "rw", step.no_exec ? ",noexec" : "");
    }
}

std::string detail_text(MountStep const& step, Plan const& plan)
{
    if (step.kind == MountKind::Overlay)
        return " (writes go to " + shown(plan.changes) + ")";
    if (step.kind == MountKind::Symlink)
        return " -> " + shown(step.source);
    if (step.kind == MountKind::Tmpfs)
        return fmt::format(" (at most {}, {} files)", size_text(step.size_bytes), step.inodes);
    if ((step.kind == MountKind::Bind || step.kind == MountKind::Socket)
        && step.source != step.target)
        return " <- " + shown(step.source);
    return "";
}

std::string command_text(std::vector<std::string> const& command)
{
    std::string text;
    for (auto const& word : command) {
        bool const is_plain =
            !word.empty() && shown(word) == word
            && word.find_first_of(" \t'\"\\$`*?[]{}()<>|&;#~!") == std::string::npos;
        text += (text.empty() ? "" : " ") + (is_plain ? word : in_quotes(word));
    }
    return text;
}

// Values are not printed: a person pastes this into a bug report.
std::string names_of(std::vector<std::string> const& environment)
{
    std::string text;
    for (auto const& entry : environment)
        text += (text.empty() ? "" : " ") + shown(entry.substr(0, entry.find('=')));
    return text;
}

std::string layers_text(Plan const& plan)
{
    std::string const landlock = plan.landlock_abi > 0 ? fmt::format("Landlock ABI {}{}",
                                     plan.landlock_abi, plan.nested_allow ? " (scopes only)" : "")
                                                       : std::string("no Landlock");
    return fmt::format(
        "namespaces user×2 mount×2 pid net ipc uts cgroup time; {}; seccomp allow list{}; "
        "no_new_privs; no capabilities",
        landlock, plan.debug_allow ? " (with ptrace of own children)" : "");
}

std::string policy_text(Plan const& plan)
{
    std::string text = plan.policy_sources.empty() ? "" : "\npolicy\n";
    for (auto const& source : plan.policy_sources)
        text += fmt::format("  {:<8} {}{}\n", source.layer, shown(source.name, 400),
            source.may == PolicySource::May::Narrow ? " (narrows only)" : "");
    return text;
}

std::string place_text(policy::PublishSpec const& spec)
{
    auto const port =
        spec.host_port == 0 ? std::string("(a free port)") : std::to_string(spec.host_port);
    std::string const v4 = "127.0.0.1:" + port, v6 = "[::1]:" + port;
    switch (spec.family) {
    case policy::LoopbackFamily::V4: return v4;
    case policy::LoopbackFamily::V6: return v6;
    case policy::LoopbackFamily::Both: break;
    }
    return v4 + " and " + v6;
}

std::string places_text(NetworkPlaces const& places)
{
    std::string text = places.published.empty() ? "" : "\npublished ports\n";
    for (auto const& spec : places.published)
        text += fmt::format("  {} -> port {} inside\n", place_text(spec), spec.inside_port);
    text += places.added_hosts.empty() ? "" : "\nadded hosts\n";
    for (auto const& host : places.added_hosts)
        text += fmt::format("  {} -> {}\n", shown(host.name), host.address.text());
    return text;
}

std::string json_published(NetworkPlaces const& places)
{
    std::string text;
    for (auto const& spec : places.published)
        text += fmt::format("{}{{\"spec\":{},\"host_port\":{},\"inside_port\":{}}}",
            text.empty() ? "" : ",", json_quoted(text_of(spec)), spec.host_port, spec.inside_port);
    return "[" + text + "]";
}

std::string json_added_hosts(NetworkPlaces const& places)
{
    std::string text;
    for (auto const& host : places.added_hosts)
        text += fmt::format("{}{{\"name\":{},\"address\":{}}}", text.empty() ? "" : ",",
            json_quoted(host.name), json_quoted(host.address.text()));
    return "[" + text + "]";
}

std::string json_policy(Plan const& plan)
{
    std::string text;
    for (auto const& source : plan.policy_sources)
        text += fmt::format("{}{{\"layer\":{},\"name\":{},\"may\":\"{}\"}}",
            text.empty() ? "" : ",", json_quoted(source.layer), json_quoted(source.name),
            source.may == PolicySource::May::Narrow ? "narrow" : "grant");
    return "[" + text + "]";
}

std::string joined_json(std::vector<std::string> const& items)
{
    std::string text;
    for (auto const& item : items)
        text += (text.empty() ? "" : ",") + json_quoted(item);
    return "[" + text + "]";
}

std::string json_mounts(Plan const& plan)
{
    std::string text;
    for (auto const& step : plan.mounts)
        text += fmt::format("{}{{\"kind\":\"{}\",\"target\":{},\"source\":{},\"flags\":\"{}\"}}",
            text.empty() ? "" : ",", kind_text(step), json_quoted(step.target),
            json_quoted(step.source), flags_text(step));
    return "[" + text + "]";
}

std::string json_doors(Plan const& plan)
{
    std::string text;
    for (auto const& door : plan.doors)
        text += fmt::format("{}{{\"name\":{},\"inside\":{},\"host\":{}}}", text.empty() ? "" : ",",
            json_quoted(door.name), json_quoted(door.inside), json_quoted(door.host));
    return "[" + text + "]";
}

std::string json_rules(Plan const& plan)
{
    std::string text;
    for (auto const& rule : plan.landlock)
        text += fmt::format("{}{{\"path\":{},\"access\":\"{}\"}}", text.empty() ? "" : ",",
            json_quoted(rule.path), kAccessWords[static_cast<std::size_t>(rule.access)]);
    return "[" + text + "]";
}

std::string json_limits(Plan const& plan)
{
    std::string text;
    for (auto const& limit : plan.limits)
        text +=
            fmt::format("{}{}:{}", text.empty() ? "" : ",", json_quoted(limit.name), limit.value);
    return "{" + text + "}";
}

} // namespace

std::string describe(Plan const& plan, NetworkPlaces const& places)
{
    std::string out = fmt::format("profile      {}\ncommand      {}\ndirectory    {}\n",
        shown(plan.profile_name), command_text(plan.command), shown(plan.working_directory));
    out += fmt::format(
        "identity     uid {} gid {}, host name {}\nnetwork      {}\nlayers       {}\n", plan.uid,
        plan.gid, plan.host_name,
        plan.has_network ? "through osh-netproxy only" : "none (loopback only)", layers_text(plan));
    out += policy_text(plan) + places_text(places);
    out += "\nfiles\n";
    for (auto const& step : plan.mounts)
        out += fmt::format("  {:<6} {:<9} {}{}\n", kind_text(step), flags_text(step),
            shown(step.target), detail_text(step, plan));
    for (auto const& door : plan.doors)
        out += fmt::format("  {:<6} {:<9} {} <- {}\n", "door",
            door.name == kSshAgent ? "filtered" : "relayed", door.inside, shown(door.host));
    out += "\nLandlock\n";
    for (auto const& rule : plan.landlock)
        out += fmt::format(
            "  {:<11} {}\n", kAccessWords[static_cast<std::size_t>(rule.access)], shown(rule.path));
    out += "\nlimits\n ";
    for (auto const& limit : plan.limits)
        out += fmt::format(" {}={}", limit.name, limit.value);
    out += fmt::format(" oom_score_adj={}", plan.oom_score_adjust);
    if (plan.pid_limit != 0)
        out += fmt::format(" pid_max={}", plan.pid_limit);
    if (plan.nice != 0)
        out += fmt::format(" niceness={}", plan.nice);
    out += fmt::format("\n  {}\n", shown(plan.group.text, 300));
    out += fmt::format("\nenvironment\n  {}\n", names_of(plan.environment));
    if (!plan.environment_removed.empty())
        out += fmt::format("  not passed: {}\n", names_of(plan.environment_removed));
    for (auto const& warning : plan.warnings)
        out += fmt::format("\nWARNING: {}\n", shown(warning, 400));
    for (auto const& note : plan.notes)
        out += fmt::format("\nnote: {}\n", shown(note, 400));
    return out;
}

std::string describe(Plan const& plan)
{
    return describe(plan, {});
}

std::string describe_json(Plan const& plan, NetworkPlaces const& places)
{
    std::vector<std::string> names;
    for (auto const& entry : plan.environment)
        names.push_back(entry.substr(0, entry.find('=')));
    return fmt::format(
        "{{\"v\":1,\"profile\":{},\"command\":{},\"directory\":{},\"project\":{},\"uid\":{},"
        "\"gid\":{},\"network\":{},\"landlock_abi\":{},\"nested\":{},\"debug\":{},\"mounts\":{},"
        "\"doors\":{},"
        "\"landlock\":{},\"limits\":{},\"group\":{},\"environment\":{},\"environment_removed\":{},"
        "\"warnings\":{},\"notes\":{},\"policy\":{},\"changes\":{},\"published\":{},"
        "\"added_hosts\":{}}}\n",
        json_quoted(plan.profile_name), joined_json(plan.command),
        json_quoted(plan.working_directory), json_quoted(plan.project), plan.uid, plan.gid,
        plan.has_network, plan.landlock_abi, plan.nested_allow, plan.debug_allow, json_mounts(plan),
        json_doors(plan), json_rules(plan), json_limits(plan), json_quoted(plan.group.text),
        joined_json(names), joined_json(plan.environment_removed), joined_json(plan.warnings),
        joined_json(plan.notes), json_policy(plan), json_quoted(plan.changes),
        json_published(places), json_added_hosts(places));
}

std::string describe_json(Plan const& plan)
{
    return describe_json(plan, {});
}

} // namespace osh::launcher
