// The plan as bytes for init: little-endian, fields in the order of the struct, a version in front.
// Both ends are the same build of osh; the checks are there because a bug must end in an error.

#include "launcher/plan/plan.h"

namespace osh::launcher
{
namespace
{

constexpr std::uint32_t kVersion = 6;
constexpr std::size_t kMaxText = 1024 * 1024;

void put_flag(ByteWriter& out, bool value)
{
    out.u8(value ? 1 : 0);
}

Result<bool> take_flag(ByteReader& in)
{
    LET(value, in.u8());
    if (value > 1)
        return fail(Errc::Malformed, "plan: a flag is neither 0 nor 1");
    return value == 1;
}

void put_texts(ByteWriter& out, std::vector<std::string> const& texts)
{
    out.u32_le(static_cast<std::uint32_t>(texts.size()));
    for (auto const& text : texts)
        out.text_le(text);
}

Result<std::uint32_t> take_count(ByteReader& in)
{
    LET(count, in.u32_le());
    if (count > kMaxPlanItems)
        return fail(Errc::TooLarge, "plan: too many items");
    return count;
}

Result<std::vector<std::string>> take_texts(ByteReader& in)
{
    LET(count, take_count(in));
    std::vector<std::string> texts;
    for (std::uint32_t i = 0; i < count; ++i) {
        LET(text, in.text_le(kMaxText));
        texts.push_back(std::move(text));
    }
    return texts;
}

void put_step(ByteWriter& out, MountStep const& step)
{
    out.u8(static_cast<std::uint8_t>(step.kind));
    out.text_le(step.target);
    out.text_le(step.source);
    out.text_le(step.content);
    put_flag(out, step.read_only);
    put_flag(out, step.no_exec);
    put_flag(out, step.no_dev);
    put_flag(out, step.optional);
    out.u32_le(step.mode);
    out.u64_le(step.size_bytes);
    out.u64_le(step.inodes);
}

Result<MountStep> take_step(ByteReader& in)
{
    MountStep step;
    LET(kind, in.u8());
    if (kind > static_cast<std::uint8_t>(MountKind::Overlay))
        return fail(Errc::Malformed, "plan: unknown kind of mount step");
    step.kind = static_cast<MountKind>(kind);
    LET(target, in.text_le(kMaxText));
    step.target = std::move(target);
    LET(source, in.text_le(kMaxText));
    step.source = std::move(source);
    LET(content, in.text_le(kMaxText));
    step.content = std::move(content);
    LET(read_only, take_flag(in));
    step.read_only = read_only;
    LET(no_exec, take_flag(in));
    step.no_exec = no_exec;
    LET(no_dev, take_flag(in));
    step.no_dev = no_dev;
    LET(optional, take_flag(in));
    step.optional = optional;
    LET(mode, in.u32_le());
    step.mode = mode;
    LET(size, in.u64_le());
    step.size_bytes = size;
    LET(inodes, in.u64_le());
    step.inodes = inodes;
    return step;
}

Result<LandlockRule> take_rule(ByteReader& in)
{
    LandlockRule rule;
    LET(path, in.text_le(kMaxText));
    rule.path = std::move(path);
    LET(access, in.u8());
    if (access > static_cast<std::uint8_t>(LandlockRule::Access::Socket))
        return fail(Errc::Malformed, "plan: unknown Landlock access");
    rule.access = static_cast<LandlockRule::Access>(access);
    LET(optional, take_flag(in));
    rule.optional = optional;
    return rule;
}

void put_lists(ByteWriter& out, Plan const& plan)
{
    out.u32_le(static_cast<std::uint32_t>(plan.mounts.size()));
    for (auto const& step : plan.mounts)
        put_step(out, step);
    out.u32_le(static_cast<std::uint32_t>(plan.landlock.size()));
    for (auto const& rule : plan.landlock) {
        out.text_le(rule.path);
        out.u8(static_cast<std::uint8_t>(rule.access));
        put_flag(out, rule.optional);
    }
    out.u32_le(static_cast<std::uint32_t>(plan.limits.size()));
    for (auto const& limit : plan.limits) {
        out.text_le(limit.name);
        out.u64_le(limit.value);
    }
    out.u32_le(static_cast<std::uint32_t>(plan.doors.size()));
    for (auto const& door : plan.doors) {
        out.text_le(door.name);
        out.text_le(door.inside);
    }
}

Result<> take_lists(ByteReader& in, Plan& plan)
{
    LET(mounts, take_count(in));
    for (std::uint32_t i = 0; i < mounts; ++i) {
        LET(step, take_step(in));
        plan.mounts.push_back(std::move(step));
    }
    LET(rules, take_count(in));
    for (std::uint32_t i = 0; i < rules; ++i) {
        LET(rule, take_rule(in));
        plan.landlock.push_back(std::move(rule));
    }
    LET(limits, take_count(in));
    for (std::uint32_t i = 0; i < limits; ++i) {
        LET(name, in.text_le(kMaxText));
        LET(value, in.u64_le());
        plan.limits.push_back({std::move(name), value});
    }
    LET(doors, take_count(in));
    for (std::uint32_t i = 0; i < doors; ++i) {
        LET(name, in.text_le(kMaxText));
        LET(inside, in.text_le(kMaxText));
        plan.doors.push_back({std::move(name), std::move(inside), {}});
    }
    return {};
}

Result<> take_numbers(ByteReader& in, Plan& plan)
{
    LET(uid, in.u32_le());
    plan.uid = uid;
    LET(gid, in.u32_le());
    plan.gid = gid;
    LET(abi, in.u32_le());
    plan.landlock_abi = static_cast<std::int32_t>(abi);
    LET(adjust, in.u32_le());
    plan.oom_score_adjust = static_cast<std::int32_t>(adjust);
    LET(umask, in.u32_le());
    plan.umask = umask;
    LET(pids, in.u32_le());
    plan.pid_limit = pids;
    LET(nice, in.u32_le());
    plan.nice = static_cast<std::int32_t>(nice);
    LET(network, take_flag(in));
    plan.has_network = network;
    LET(nested, take_flag(in));
    plan.nested_allow = nested;
    LET(debug, take_flag(in));
    plan.debug_allow = debug;
    LET(openers, take_flag(in));
    plan.hears_openers = openers;
    LET(landlock, take_flag(in));
    plan.require_landlock = landlock;
    LET(java, take_flag(in));
    plan.has_java = java;
    return {};
}

} // namespace

// What only the supervisor needs (removed names, notes, state, group, host ends of doors) stays
// with it.
std::vector<std::byte> encode(Plan const& plan)
{
    ByteWriter out;
    out.u32_le(kVersion);
    for (auto const* text :
        {&plan.profile_name, &plan.working_directory, &plan.project, &plan.host_name,
            &plan.trust_bundle, &plan.trust_file, &plan.nss_folder, &plan.changes})
        out.text_le(*text);
    put_texts(out, plan.command);
    put_texts(out, plan.environment);
    put_lists(out, plan);
    for (auto const* texts :
        {&plan.guard.roots, &plan.guard.protect, &plan.guard.masks, &plan.guard.kept})
        put_texts(out, *texts);
    out.u32_le(plan.uid);
    out.u32_le(plan.gid);
    out.u32_le(static_cast<std::uint32_t>(plan.landlock_abi));
    out.u32_le(static_cast<std::uint32_t>(plan.oom_score_adjust));
    out.u32_le(plan.umask);
    out.u32_le(plan.pid_limit);
    out.u32_le(static_cast<std::uint32_t>(plan.nice));
    put_flag(out, plan.has_network);
    put_flag(out, plan.nested_allow);
    put_flag(out, plan.debug_allow);
    put_flag(out, plan.hears_openers);
    put_flag(out, plan.require_landlock);
    put_flag(out, plan.has_java);
    return out.take();
}

Result<Plan> decode_plan(Bytes message)
{
    if (message.size() > kMaxPlanMessage)
        return fail(Errc::TooLarge, "plan: the message is too long");
    ByteReader in(message);
    LET(version, in.u32_le());
    if (version != kVersion)
        return fail(Errc::Malformed, "plan: another version of osh wrote it");
    Plan plan;
    for (auto* text : {&plan.profile_name, &plan.working_directory, &plan.project, &plan.host_name,
             &plan.trust_bundle, &plan.trust_file, &plan.nss_folder, &plan.changes}) {
        LET(value, in.text_le(kMaxText));
        *text = std::move(value);
    }
    LET(command, take_texts(in));
    plan.command = std::move(command);
    LET(environment, take_texts(in));
    plan.environment = std::move(environment);
    TRY(take_lists(in, plan));
    for (auto* texts :
        {&plan.guard.roots, &plan.guard.protect, &plan.guard.masks, &plan.guard.kept}) {
        LET(list, take_texts(in));
        *texts = std::move(list);
    }
    TRY(take_numbers(in, plan));
    if (!in.is_empty())
        return fail(Errc::Malformed, "plan: bytes after its end");
    return plan;
}

} // namespace osh::launcher
