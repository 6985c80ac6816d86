#include "launcher/plan/group_plan.h"

#include "launcher/plan/host_facts.h"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr std::uint64_t kOwnTasks = 4; // init and what else of ours is in the group
constexpr std::uint64_t kQuotaPeriod = 100'000, kNormalWeight = 100, kNormalShares = 1'024;
constexpr std::uint32_t kReservedPids = 300; // of a PID namespace, never given again (kernel/pid.c)

std::uint64_t memory_of(policy::ResourceProfile const& wanted, HostFacts const& facts)
{
    return wanted.memory_bytes.value_or(facts.memory_bytes / 4 * 3);
}

class Writer
{
public:
    Writer(GroupPlace const& place, GroupPlan& plan) : place_(place), plan_(plan) {}

    bool can(std::string const& controller) const { return place_.can_limit(controller); }
    bool is_unified() const { return place_.way == GroupWay::Unified; }

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
    plan.text = fmt::format("{} control group: {}",
        place.way == GroupWay::Unified ? "a" : "an old style (v1)", plan.text);
    return plan;
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
