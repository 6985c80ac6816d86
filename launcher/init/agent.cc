#include "launcher/init/agent.h"

#include "launcher/init/broker_start.h"
#include "launcher/init/find_program.h"
#include "launcher/init/mask_watch.h"
#include "launcher/init/prove.h"
#include "launcher/sys/channel.h"
#include "launcher/sys/entry_calls.h"
#include "launcher/sys/io.h"
#include "launcher/sys/landlock.h"
#include "launcher/sys/listener.h"
#include "launcher/sys/mount.h"
#include "launcher/sys/proc_view.h"
#include "launcher/sys/pty.h"
#include "launcher/sys/standard_streams.h"

#include <fcntl.h>

namespace osh::launcher
{
namespace
{

using sys::LandlockAccess;

constexpr std::size_t kMaxGo = 256; // the word to start, without a certificate

LandlockAccess access_of(LandlockRule::Access access)
{
    return static_cast<LandlockAccess>(access); // the same list, see the assertion
}
static_assert(
    static_cast<int>(LandlockRule::Access::Socket) == static_cast<int>(LandlockAccess::Socket));

Result<> write_number(sys::Fd const& proc, char const* name, std::int64_t value)
{
    LET(file, sys::open_in(proc, name, O_WRONLY));
    return sys::write_all(file, std::to_string(value));
}

Result<> enter_identity(AgentParts const& parts, sys::Fd const&)
{
    // A copy of an undumpable init: its own /proc entries would belong to the host's root.
    sys::become_dumpable();
    TRY(sys::map_identity(parts.tree.proc, parts.plan.uid, parts.plan.gid));
    TRY(write_number(parts.tree.proc, "self/oom_score_adj", parts.plan.oom_score_adjust));
    if (parts.plan.nice != 0)
        TRY(sys::lower_priority(parts.plan.nice));
    if (!parts.plan.nested_allow) // a second lock beside seccomp
        TRY(write_number(parts.tree.proc, "sys/user/max_user_namespaces", 0));
    return {};
}

Result<> enter_place(AgentParts const& parts, sys::Fd const&)
{
    TRY(sys::new_process_group());
    sys::set_umask(parts.plan.umask);
    if (parts.terminal != nullptr)
        TRY(sys::put_in_foreground(*parts.terminal, 0));
    auto const entered = sys::change_directory(parts.plan.working_directory);
    if (!entered.ok())
        TRY(sys::change_directory(parts.plan.project));
    return sys::set_standard_streams(parts.in, parts.out, parts.err);
}

Result<> confine_files(Plan const& plan)
{
    if (plan.landlock_abi == 0 || plan.nested_allow)
        return {};
    LET(landlock, sys::Landlock::create(plan.landlock_abi));
    for (auto const& rule : plan.landlock) {
        auto place = sys::look_up(rule.path, sys::Links::Follow);
        if (!place.ok() && rule.optional && place.error().code != Errc::System)
            continue;
        if (!place.ok())
            return fail_because("Landlock rule", std::move(place).error());
        TRY(landlock.allow(*place, access_of(rule.access)));
    }
    return landlock.enforce();
}

// Before the other filters, one of which forbids new listeners.
Result<> watch_calls(AgentParts const& parts, sys::Fd const& channel)
{
    if (parts.word.watched_filter.empty())
        return {};
    LET(listener, sys::install_asking_filter(parts.word.watched_filter));
    return sys::send_message(channel, encode(FromInit(WordWatched{})), {&listener});
}

Result<> confine(AgentParts const& parts, sys::Fd const& channel)
{
    for (auto const& limit : parts.plan.limits)
        TRY(sys::set_limit(limit.name, limit.value));
    LET(mask_watch, start_mask_watch(parts));
    TRY(sys::forbid_new_privileges());
    TRY(confine_files(parts.plan));
    WordWatched const place{sys::read_link(parts.tree.proc, "self/ns/mnt")};
    TRY(sys::send_message(channel, encode(FromInit(place))));
    // Between the two layers: what the broker does passes the same file rules as the agent, and the
    // agent, one layer deeper, can neither trace nor signal it.
    LET(broker, BrokerStart::fork_off(parts));
    TRY(sys::drop_all_capabilities());
    if (parts.plan.landlock_abi > 0) // scopes alone let mount(2) be, for nested sandboxes
        TRY(sys::Landlock::enforce_scopes(parts.plan.landlock_abi));
    // One listener per process tree: with a broker it hears of the watched calls too.
    TRY(broker ? broker->begin(parts.word.asking_filter) : watch_calls(parts, channel));
    TRY(await_mask_watch(mask_watch));
    TRY(sys::install_filter(parts.word.arguments_filter));
    TRY(sys::install_filter(parts.word.calls_filter));
    return prove_confined(parts.plan);
}

int report(sys::Fd const& channel, WordFailed const& failure)
{
    // Nobody is left to tell when this fails too; the exit code stays.
    auto const sent = sys::send_message(channel, encode(FromInit(failure)));
    return sent.ok() ? failure.exit_code : failure.exit_code;
}

// Said by the agent's process itself, after the proof: one that merely ended is no agent. And init
// confines itself before the agent's first instruction.
Result<> ask_to_start(sys::Fd const& channel)
{
    TRY(sys::send_message(channel, encode(FromInit(WordPrepared{}))));
    LET(answer, sys::receive_message(channel, kMaxGo));
    LET(word, decode_to_init(answer.bytes));
    if (!std::holds_alternative<WordStart>(word))
        return fail(Errc::Malformed, "not the word to start");
    return {};
}

using Step = Result<> (*)(AgentParts const&, sys::Fd const& channel);
struct NamedStep {
    char const* name;
    Step step;
};

int run_agent(AgentParts const& parts, sys::Fd const& channel)
{
    for (NamedStep const& step : {NamedStep{"identity", enter_identity},
             NamedStep{"streams", enter_place}, NamedStep{"confinement", confine}}) {
        auto const done = step.step(parts, channel);
        if (!done.ok())
            return report(channel, {step.name, done.error().sentence, 125});
    }
    auto const told = ask_to_start(channel);
    if (!told.ok())
        return report(channel, {"start", told.error().sentence, 125});
    sys::reset_signals();
    return report(channel, execute_program(parts.plan.command, parts.plan.environment));
}

} // namespace

Result<StartedAgent> start_agent(AgentParts const& parts)
{
    LET(pair, sys::make_channel()); // close-on-exec: the exec closes it, which is the good news
    LET(child, sys::clone_process({.user = true, .mount = true}, [&] {
        pair.ours.reset();
        return run_agent(parts, pair.theirs);
    }));
    pair.theirs.reset();
    StartedAgent started{std::move(child), {}, {}, std::nullopt, std::move(pair.ours)};
    for (;;) {
        LET(answer, sys::receive_message(started.channel, kMaxWord));
        if (answer.bytes.empty())
            return fail(Errc::Closed, "the agent's process ended before it stood");
        LET(word, decode_from_init(answer.bytes));
        if (std::holds_alternative<WordPrepared>(word))
            return started;
        if (auto* entered = std::get_if<WordWatched>(&word)) {
            if (!entered->mount_namespace.empty())
                started.mount_namespace = std::move(entered->mount_namespace);
            if (answer.descriptors.size() == 1)
                started.watched = std::move(answer.descriptors[0]);
        }
        if (auto* failed = std::get_if<WordFailed>(&word)) {
            started.failure = std::move(*failed);
            return started;
        }
    }
}

Result<> let_go(StartedAgent& agent)
{
    sys::Fd const channel = std::move(agent.channel);
    TRY(sys::send_message(channel, encode(ToInit(WordStart{}))));
    LET(answer, sys::receive_message(channel, kMaxWord));
    if (answer.bytes.empty())
        return {}; // closed by the exec
    LET(word, decode_from_init(answer.bytes));
    if (auto* failed = std::get_if<WordFailed>(&word))
        agent.failure = std::move(*failed);
    return {};
}

} // namespace osh::launcher
