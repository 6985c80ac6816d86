#include "launcher/plan/group_plan.h"

#include "launcher/plan/host_facts.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kFixedProperties = 4; // of scope_request()
constexpr std::uint64_t kOwnTasks = 4;      // init and what else of ours is in the group
constexpr std::uint64_t kQuotaPeriod = 100'000, kNormalWeight = 100, kNormalShares = 1'024;
constexpr std::uint32_t kReservedPids = 300; // of a PID namespace, never given again (kernel/pid.c)

std::uint64_t memory_of(policy::ResourceProfile const& wanted, HostFacts const& facts)
{
    return wanted.memory_bytes.value_or(facts.memory_bytes / 4 * 3);
}

struct NamedProperty {
    std::string_view file, property;
};

constexpr std::array kProperties{NamedProperty{"pids.max", "TasksMax"},
    NamedProperty{"memory.max", "MemoryMax"}, NamedProperty{"memory.swap.max", "MemorySwapMax"},
    NamedProperty{"cpu.weight", "CPUWeight"}, NamedProperty{"cpu.max", "CPUQuotaPerSecUSec"}};
constexpr std::uint64_t kQuotasPerSecond = 1'000'000 / kQuotaPeriod;

// The same limit in systemd's words; a quota is "MICROSECONDS PERIOD" in the file.
ScopeProperty property_of(std::string_view file, std::string_view value)
{
    auto const* const found = std::ranges::find(kProperties, file, &NamedProperty::file);
    std::uint64_t number = 0;
    std::from_chars(value.data(), value.data() + value.size(), number);
    return {std::string(found->property), file == "cpu.max" ? number * kQuotasPerSecond : number};
}

class Writer
{
public:
    Writer(GroupPlace const& place, GroupPlan& plan) : place_(place), plan_(plan) {}

    bool can(std::string const& controller) const { return place_.can_limit(controller); }
    bool is_unified() const { return place_.way != GroupWay::Legacy; } // its numbers, that is

    void limit(std::string const& controller, std::string const& file, std::uint64_t value)
    {
        put(controller, file, std::to_string(value), false);
    }
    void try_limit(std::string const& controller, std::string const& file, std::string value)
    {
        put(controller, file, std::move(value), true);
    }
    void say(std::string const& words) { plan_.text += (plan_.text.empty() ? "" : ", ") + words; }

private:
    void put(
        std::string const& controller, std::string const& file, std::string value, bool optional)
    {
        if (place_.way == GroupWay::Scope)
            return plan_.scope.push_back(property_of(file, value));
        std::string const base = is_unified() ? place_.base : place_.legacy.at(controller);
        if (std::ranges::find(plan_.bases, base) == plan_.bases.end())
            plan_.bases.push_back(base);
        plan_.files.push_back({base, file, std::move(value), optional});
    }

    GroupPlace const& place_;
    GroupPlan& plan_;
};

void limit_memory(Writer& out, policy::ResourceProfile const& wanted, HostFacts const& facts)
{
    if (!out.can("memory"))
        return;
    std::uint64_t const bytes = memory_of(wanted, facts), swap = wanted.swap_bytes.value_or(0);
    if (out.is_unified()) {
        out.limit("memory", "memory.max", bytes);
        out.try_limit("memory", "memory.swap.max", std::to_string(swap));
    } else {
        out.limit("memory", "memory.limit_in_bytes", bytes);
        out.try_limit("memory", "memory.memsw.limit_in_bytes", std::to_string(bytes + swap));
    }
    out.say(fmt::format("memory {} MiB", bytes >> 20));
}

void limit_processor(Writer& out, policy::ResourceProfile const& wanted)
{
    if (!out.can("cpu"))
        return;
    std::uint64_t const weight = wanted.cpu_weight.value_or(kNormalWeight);
    if (wanted.cpu_weight) {
        if (out.is_unified())
            out.limit("cpu", "cpu.weight", weight);
        else
            out.limit("cpu", "cpu.shares",
                std::max<std::uint64_t>(2, weight * kNormalShares / kNormalWeight));
        out.say(fmt::format("cpu weight {}", weight));
    }
    if (!wanted.cpus)
        return;
    std::uint64_t const quota = *wanted.cpus * kQuotaPeriod;
    if (out.is_unified())
        out.try_limit("cpu", "cpu.max", fmt::format("{} {}", quota, kQuotaPeriod));
    else
        out.limit("cpu", "cpu.cfs_quota_us", quota);
    out.say(fmt::format("{} processors", *wanted.cpus));
}

void note_unmet(GroupPlan& plan, policy::ResourceProfile const& wanted, GroupPlace const& place)
{
    auto const note = [&](std::string const& what, std::string const& instead) {
        plan.notes.push_back(fmt::format("{} of the sandbox as a whole is not limited{}{}", what,
            place.problem.empty() ? "" : ", " + place.problem, instead));
    };
    if (wanted.memory_bytes && !place.can_limit("memory"))
        note("memory", ": each process has the limit for itself, and the sandbox is the first to "
                       "be ended when the machine runs out of it");
    if (wanted.cpus && !place.can_limit("cpu"))
        note("processor time", "");
    if (wanted.cpu_weight && !place.can_limit("cpu"))
        note("processor weight", ": a nice value stands in for it");
}

// "6.18.44-fc" -> at least 6.14?
bool is_at_least(std::string_view release, unsigned major, unsigned minor)
{
    unsigned found[2] = {0, 0};
    for (unsigned& number : found) {
        auto const [end, error] =
            std::from_chars(release.data(), release.data() + release.size(), number);
        if (error != std::errc())
            return false;
        release.remove_prefix(static_cast<std::size_t>(end - release.data()));
        if (release.starts_with('.'))
            release.remove_prefix(1);
    }
    return found[0] > major || (found[0] == major && found[1] >= minor);
}

} // namespace

GroupPlan plan_group(policy::ResourceProfile const& wanted, HostFacts const& facts)
{
    GroupPlan plan;
    auto const& place = facts.group_place;
    note_unmet(plan, wanted, place);
    std::uint64_t const tasks = wanted.tasks.value_or(kDefaultTasks);
    if (place.way == GroupWay::None) {
        plan.text = fmt::format("no control group ({}): limits hold per process and per user",
            place.problem.empty() ? "none can be made" : place.problem);
        return plan;
    }
    Writer out(place, plan);
    if (out.can("pids")) {
        out.limit("pids", "pids.max", tasks + kOwnTasks);
        out.say(fmt::format("{} processes", tasks));
    }
    limit_memory(out, wanted, facts);
    limit_processor(out, wanted);
    plan.text = fmt::format("{}: {}",
        place.way == GroupWay::Scope     ? "a scope that systemd --user is asked for"
        : place.way == GroupWay::Unified ? "a control group"
                                         : "an old style (v1) control group",
        plan.text);
    return plan;
}

std::string scope_unit(std::int32_t init)
{
    return fmt::format("osh-{}.scope", init);
}

std::vector<std::string> scope_request(GroupPlan const& plan, std::int32_t init)
{
    std::vector<std::string> words{"busctl", "--user", "--quiet", "--timeout=2", "call",
        "org.freedesktop.systemd1", "/org/freedesktop/systemd1", "org.freedesktop.systemd1.Manager",
        "StartTransientUnit", "ssa(sv)a(sa(sv))", scope_unit(init), "fail",
        std::to_string(kFixedProperties + plan.scope.size()), "Description", "s", "osh sandbox",
        "PIDs", "au", "1", std::to_string(init), "Delegate", "b", "true", "CollectMode", "s",
        "inactive-or-failed"};
    for (auto const& property : plan.scope)
        words.insert(words.end(), {property.name, "t", std::to_string(property.value)});
    words.emplace_back("0"); // no auxiliary units
    return words;
}

std::uint32_t pid_limit(policy::ResourceProfile const& wanted, HostFacts const& facts)
{
    // Before, the setting was one for the whole machine, which root would change for everybody.
    if (facts.uid != 0 || !is_at_least(facts.kernel_release, 6, 14))
        return 0;
    return static_cast<std::uint32_t>(wanted.tasks.value_or(kDefaultTasks)) + kReservedPids
           + static_cast<std::uint32_t>(kOwnTasks);
}

} // namespace osh::launcher
