// Clones init into its namespaces, hands it the plan, and hears how far it is.

#include "launcher/apply/launch.h"

#include "launcher/apply/transient_scope.h"
#include "launcher/init/words.h"
#include "launcher/seccomp/programs.h"
#include "launcher/sys/channel.h"
#include "launcher/sys/directory_watch.h"
#include "launcher/sys/event_loop.h"
#include "launcher/sys/host_view.h"
#include "launcher/sys/io.h"
#include "launcher/sys/mount.h"
#include "launcher/sys/process.h"
#include "launcher/sys/random.h"
#include "launcher/sys/self.h"
#include "launcher/sys/spawn.h"
#include "launcher/sys/standard_streams.h"

#include <algorithm>
#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <iterator>

namespace osh::launcher
{
namespace
{

using sys::Fd;

// Mounts and the network are made in milliseconds; a directory may lie on a slow network.
constexpr Duration kPrepareLimit = 30s;
constexpr std::size_t kInlinePlan = 64 * 1024; // longer plans travel in a memfd

// In the child, until the exec: only what is safe in a copy of a single-threaded process.
int become_init(Fd const& program, Fd const& channel, Fd const& null)
{
    auto const kept = sys::duplicate(program, kInitChannel + 1);
    if (!kept.ok() || !sys::set_standard_streams(null, null, null).ok()
        || !sys::place_descriptor(channel, kInitChannel).ok() || !sys::forbid_new_privileges().ok()
        || !sys::keep_capabilities_across_exec().ok())
        return 125;
    sys::reset_signals();
    Error const failed = sys::execute_helper(*kept, "osh-init");
    return failed.sys_errno == 0 ? 125 : 126;
}

// The machine's own reason, with its fix, rather than the step that met it first.
std::unexpected<Error> explained(HostFacts const& facts, Error const& error)
{
    if (sys::can_make_namespaces())
        return std::unexpected(error);
    return std::unexpected(Error{error.code, error.sys_errno,
        namespace_problem(facts.machine, facts) + "\n(" + error.sentence + ")"});
}

// Without the network namespace, which it makes itself.
Result<sys::Child> clone_init(std::string const& libexec, Fd const& channel)
{
    LET(program, sys::open_path(libexec + "/osh-init", O_PATH));
    LET(null, sys::open_path("/dev/null", O_RDWR));
    sys::NewNamespaces const all{.user = true,
        .mount = true,
        .pid = true,
        .ipc = true,
        .uts = true,
        .cgroup = sys::look_at("/proc/self/ns/cgroup").exists,
        .time = sys::look_at("/proc/self/ns/time").exists};
    auto child = sys::clone_process(all, [&] { return become_init(program, channel, null); });
    if (!child.ok())
        return fail_because("cannot create the sandbox's namespaces", std::move(child).error());
    return child;
}

std::vector<std::byte> copy_of(Bytes bytes)
{
    return {bytes.begin(), bytes.end()};
}

Result<> send_plan(
    Plan const& plan, StdioPlan const& stdio, Sandbox const& sandbox, Fd const& owners)
{
    WordPlan word;
    word.plan = encode(plan);
    FilterChoice const choice{plan.nested_allow, plan.debug_allow, plan.hears_openers};
    auto const filter = agent_filter(choice);
    word.calls_filter = copy_of(filter.calls);
    word.arguments_filter = copy_of(filter.arguments);
    word.watched_filter = copy_of(filter.watched);
    word.asking_filter = copy_of(filter.asking);
    word.init_filter = copy_of(init_filter());
    word.has_mask_watch = sandbox.mask_watch.fd().is_open();
    word.broker_filter = copy_of(broker_filter(choice));
    word.mask_watch_filter = copy_of(mask_watch_filter());
    word.wants_terminal = stdio.wants_terminal;
    word.rows = stdio.rows;
    word.columns = stdio.columns;
    word.has_in = stdio.in.is_open();
    word.has_out = stdio.out.is_open();
    word.has_err = stdio.err.is_open();
    std::vector<Fd const*> descriptors;
    Fd file;
    if (word.plan.size() > kInlinePlan) {
        LET(memfd, sys::sealed_memfd("plan", text_of(word.plan)));
        file = std::move(memfd);
        word.plan.clear();
        word.plan_in_memfd = true;
        descriptors.push_back(&file);
    }
    descriptors.push_back(&owners);
    for (auto const* stream : {&sandbox.mask_watch.fd(), &stdio.in, &stdio.out, &stdio.err})
        if (stream->is_open())
            descriptors.push_back(stream);
    return sys::send_message(sandbox.init_channel, encode(ToInit(std::move(word))), descriptors);
}

Result<sys::ControlGroup> make_group(GroupPlan const& plan, std::int32_t init)
{
    if (plan.bases.empty())
        return sys::ControlGroup();
    std::vector<sys::GroupSetting> settings;
    for (auto const& file : plan.files)
        settings.push_back({file.base, file.file, file.value, file.optional});
    // A number alone may be that of a group which somebody's end left behind.
    auto const name = fmt::format("osh-{}-{:08x}", init, sys::random_u64() & 0xFFFFFFFFU);
    return sys::ControlGroup::make(plan.bases, name, settings);
}

// What a session kept may hold links, and the next one may keep a place below it: nothing is made
// where such a link leads.
Result<> make_kept_directory(std::string const& path)
{
    TRY(sys::make_private_directory(path));
    constexpr std::string_view kHomes = "/osh/homes"; // project_tree.cc, in the state directory
    std::size_t const begin = path.find(std::string(kHomes) + "/");
    if (begin == std::string::npos)
        return {};
    std::string const base = path.substr(0, begin + kHomes.size());
    LET(homes, sys::look_up(base, sys::Links::Follow));
    auto const place = sys::look_up_in(homes, path.substr(base.size() + 1), sys::Links::Refuse);
    if (!place.ok())
        return fail(Errc::Denied, "a link lies where the profile keeps a place of the home: " + path
                                      + "\nfix: look where it leads, then remove it");
    return {};
}

Result<> make_state_file(StatePath const& state)
{
    for (std::size_t slash = state.host_path.find('/', 1); slash != std::string::npos;
         slash = state.host_path.find('/', slash + 1))
        TRY(make_kept_directory(state.host_path.substr(0, slash)));
    if (!state.is_file)
        return make_kept_directory(state.host_path);
    LET(file, sys::open_path(state.host_path, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600));
    return {};
}

void end(Fd const& pidfd)
{
    sys::kill_process(pidfd, SIGKILL);
    (void)sys::reap(pidfd).ok();
}

Result<FromInit> next_word(Fd const& channel, std::vector<Fd>& descriptors)
{
    auto received = sys::receive_message_before(channel, kMaxWord, sys::now() + kPrepareLimit);
    if (!received.ok() && received.error().code == Errc::Busy)
        return fail(Errc::Busy,
            "the sandbox does not get ready.\nfix: does a directory of the profile or the project "
            "lie on a file system that does not answer?");
    if (!received.ok() || received->bytes.empty())
        return fail(Errc::Closed,
            "the sandbox's first process ended before it was ready (osh-init could not be executed "
            "or was killed).\nfix: `osh doctor` tells what this machine lacks; is the osh "
            "installation complete?");
    LET(word, decode_from_init(received->bytes));
    if (auto const* failed = std::get_if<WordFailed>(&word))
        return fail(Errc::System, "the sandbox could not be built, step \"" + failed->step
                                      + "\": " + failed->sentence
                                      + "\nfix: `osh doctor` checks what this machine offers.");
    descriptors = std::move(received->descriptors);
    return word;
}

// The descriptors that come with it.
template<typename Word>
Result<std::vector<Fd>> await(Fd const& channel, std::size_t expected)
{
    std::vector<Fd> descriptors;
    LET(word, next_word(channel, descriptors));
    if (!std::holds_alternative<Word>(word) || descriptors.size() != expected)
        return fail(Errc::Malformed, "osh-init answered with a word that does not belong here");
    return descriptors;
}

Result<> await_network(Plan const& plan, Sandbox& sandbox)
{
    LET(tun, await<WordNetwork>(sandbox.init_channel, plan.has_network ? 1 : 0));
    if (plan.has_network)
        sandbox.tun = std::move(tun[0]);
    return {};
}

} // namespace

Result<BegunInit> BegunInit::begin(std::string const& libexec)
{
    LET(channel, sys::make_channel());
    LET(init, clone_init(libexec, channel.theirs));
    BegunInit begun;
    begun.pidfd_ = std::move(init.pidfd);
    begun.pid_ = init.pid;
    begun.channel_ = std::move(channel.ours);
    return begun;
}

Result<> BegunInit::make_network(Uplink uplink)
{
    uplink_ = uplink;
    WordBegin const begin{sys::own_user(), sys::own_group(), uplink};
    return sys::send_message(channel_, encode(ToInit(begin)));
}

Result<> BegunInit::limit(GroupPlan const& plan)
{
    is_limited_ = true;
    auto group = make_group(plan, pid_);
    if (!group.ok())
        return fail_because("cannot limit the sandbox", std::move(group).error());
    group_ = *std::move(group);
    auto begun = group_.begin_adoption(pid_);
    if (!begun.ok())
        return fail_because("cannot limit the sandbox", std::move(begun).error());
    return {};
}

BegunInit& BegunInit::operator=(BegunInit&& other) noexcept
{
    std::swap(pidfd_, other.pidfd_);
    std::swap(channel_, other.channel_);
    std::swap(pid_, other.pid_);
    std::swap(uplink_, other.uplink_);
    std::swap(is_limited_, other.is_limited_);
    std::swap(group_, other.group_);
    return *this;
}

BegunInit::~BegunInit()
{
    if (pidfd_.is_open())
        end(pidfd_);
}

Result<Sandbox> prepare(
    Plan const& plan, StdioPlan stdio, HostFacts const& facts, Result<BegunInit> begun)
{
    if (!begun.ok())
        return explained(facts, begun.error());
    OSH_CHECK((begun->uplink_ == Uplink::Tun) == plan.has_network);
    if (!begun->is_limited_)
        TRY(begun->limit(plan.group));
    for (auto const& state : plan.state)
        TRY(make_state_file(state));
    LET(owners, sys::make_channel());
    Sandbox sandbox;
    if (!plan.guard.roots.empty() || !plan.changes.empty()) {
        LET(watch, sys::open_directory_watch());
        sandbox.mask_watch = sys::LateFd(std::move(watch));
    }
    sandbox.init_pidfd = std::move(begun->pidfd_);
    sandbox.init_pid = begun->pid_;
    sandbox.group = std::move(begun->group_);
    sandbox.init_channel = std::move(begun->channel_);
    sandbox.owner_channel = std::move(owners.ours);
    sandbox.wants_terminal = stdio.wants_terminal;
    sandbox.door_count = plan.doors.size();
    auto done = await_network(plan, sandbox); // mostly it stands already
    if (done.ok())
        done = send_plan(plan, stdio, sandbox, owners.theirs);
    if (done.ok() && !plan.group.scope.empty())
        if (auto entered = enter_scope(plan.group, sandbox.init_pid, facts); !entered.ok())
            sandbox.group_problem = std::move(entered).error().sentence;
    if (done.ok())
        return sandbox;
    end(sandbox.init_pidfd); // no zombie, nothing half-built
    return explained(facts, done.error());
}

// Init forks nothing before it hears of the trust: all that the sandbox ever runs is born in the
// group. The kernel takes a grace period to move init there, 10 ms and more: that began when osh
// knew what this machine can limit.
Result<> give_trust(Sandbox& sandbox, std::string const& ca_pem)
{
    auto entered = sandbox.group.await_adoption();
    if (!entered.ok()) {
        end(sandbox.init_pidfd);
        return fail_because("cannot limit the sandbox", std::move(entered).error());
    }
    auto const sent = sys::send_message(sandbox.init_channel, encode(ToInit(WordTrust{ca_pem})));
    // An init that failed meanwhile has said why: await_prepared() reads it.
    return !sent.ok() && sys::is_peer_gone(sent.error()) ? Result<>() : sent;
}

Result<> await_prepared(Sandbox& sandbox, HostFacts const& facts)
{
    std::size_t const of_terminal = sandbox.wants_terminal ? 1 : 0;
    auto given = await<WordPrepared>(sandbox.init_channel, of_terminal + sandbox.door_count);
    if (!given.ok()) {
        end(sandbox.init_pidfd);
        return explained(facts, given.error());
    }
    auto doors = given->begin();
    if (sandbox.wants_terminal)
        sandbox.pty = std::move(*doors++);
    std::move(doors, given->end(), std::back_inserter(sandbox.doors));
    return {};
}

} // namespace osh::launcher
