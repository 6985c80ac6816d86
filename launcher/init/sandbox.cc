#include "launcher/init/sandbox.h"

#include "launcher/init/agent.h"
#include "launcher/init/doors.h"
#include "launcher/init/mount_tree.h"
#include "launcher/init/sandbox_network.h"
#include "launcher/init/serve.h"
#include "launcher/init/trust_files.h"
#include "launcher/init/words.h"
#include "launcher/sys/channel.h"
#include "launcher/sys/children.h"
#include "launcher/sys/io.h"
#include "launcher/sys/mount.h"
#include "launcher/sys/process.h"
#include "launcher/sys/pty.h"
#include "launcher/sys/self.h"
#include "launcher/sys/standard_streams.h"

#include <array>
#include <fcntl.h>
#include <linux/capability.h>

namespace osh::launcher
{
namespace
{

using sys::Fd;

// What look-ups need: seeing the agent's /proc entries, and signalling it.
constexpr std::array kKeptCapabilities{CAP_SYS_PTRACE, CAP_KILL};

class Sandbox
{
public:
    explicit Sandbox(Fd channel) : channel_(std::move(channel)) {}

    int run()
    {
        step_ = "plan";
        auto done = prepare();
        if (done.ok())
            done = await_trust();
        if (!done.ok())
            return refuse({step_, done.error().sentence, 125});
        auto served = run_agent();
        return served.ok() ? *served : refuse({step_, served.error().sentence, 125});
    }

private:
    Result<> prepare()
    {
        TRY(sys::die_with_parent());
        sys::set_private_umask();
        TRY(begin());
        step_ = "plan";
        TRY(hear_plan());
        TRY(sys::set_host_name(plan_.host_name));
        step_ = "files";
        LET(tree, build_mount_tree(plan_));
        tree_ = std::move(tree);
        TRY(limit_processes());
        step_ = "sockets";
        LET(doors, make_doors(tree_.root, plan_));
        step_ = "terminal";
        TRY(open_terminal());
        TRY(tell_prepared(doors));
        step_ = "trust";
        LET(trust, begin_trust(plan_, tree_.root, tree_.trust_bundle));
        trust_ = std::move(trust);
        tree_.trust_bundle.reset();
        return {};
    }

    // All that needs no plan, while osh is still making it.
    Result<> begin()
    {
        LET(begin, hear<WordBegin>());
        step_ = "identity";
        LET(host_proc, sys::open_path("/proc", O_PATH | O_DIRECTORY));
        TRY(sys::map_identity(host_proc, begin.uid, begin.gid));
        host_proc.reset();
        TRY(sys::become_undumpable());
        TRY(sys::leave_session_keyring());
        step_ = "network";
        LET(tun, build_network(begin.uplink));
        std::vector<Fd const*> descriptors;
        if (tun.is_open())
            descriptors.push_back(&tun);
        return sys::send_message(channel_, encode(FromInit(WordNetwork{})), descriptors);
    }

    template<typename Word>
    Result<Word> hear()
    {
        LET(received, sys::receive_message(channel_, kMaxWord));
        if (received.bytes.empty())
            return fail(Errc::Closed, "osh run is gone");
        LET(word, decode_to_init(received.bytes));
        auto* said = std::get_if<Word>(&word);
        if (said == nullptr || !received.descriptors.empty())
            return fail(Errc::Malformed, "osh run said a word that does not belong here");
        return std::move(*said);
    }

    // Holds for root too, whom RLIMIT_NPROC does not bind (pid_namespaces(7), Linux 6.14).
    Result<> limit_processes()
    {
        if (plan_.pid_limit == 0)
            return {};
        LET(file, sys::open_in(tree_.proc, "sys/kernel/pid_max", O_WRONLY));
        return sys::write_all(file, std::to_string(plan_.pid_limit));
    }

    Result<> hear_plan()
    {
        LET(received, sys::receive_message(channel_, kMaxWord));
        if (received.bytes.empty())
            return fail(Errc::Closed, "osh run is gone");
        LET(word, decode_to_init(received.bytes));
        auto* said = std::get_if<WordPlan>(&word);
        if (said == nullptr)
            return fail(Errc::Malformed, "the second word is not the plan");
        word_ = std::move(*said);
        std::size_t next = 0;
        auto const take = [&]() -> Fd {
            return next < received.descriptors.size() ? std::move(received.descriptors[next++])
                                                      : Fd();
        };
        if (word_.plan_in_memfd) {
            Fd const file = take();
            LET(text, sys::read_all(file, kMaxPlanMessage));
            Bytes const bytes = bytes_of(text);
            word_.plan.assign(bytes.begin(), bytes.end());
        }
        owners_ = take();
        mask_watch_ = word_.has_mask_watch ? take() : Fd();
        in_ = word_.has_in ? take() : Fd();
        out_ = word_.has_out ? take() : Fd();
        err_ = word_.has_err ? take() : Fd();
        LET(plan, decode_plan(word_.plan));
        plan_ = std::move(plan);
        word_.plan.clear();
        return {};
    }

    // Init leads the session and the agent is a group in it: so that Ctrl-Z works, which stops no
    // group whose parent is outside of the session ("orphaned", setpgid(2)).
    Result<> open_terminal()
    {
        TRY(sys::start_session());
        if (!word_.wants_terminal)
            return {};
        LET(pty, sys::open_pty(tree_.devpts));
        TRY(sys::set_window_size(pty.master, word_.rows, word_.columns));
        TRY(sys::take_terminal(pty.slave));
        pty_ = std::move(pty);
        return {};
    }

    Result<> tell_prepared(std::vector<Fd> const& doors)
    {
        std::vector<Fd const*> descriptors;
        if (pty_.master.is_open())
            descriptors.push_back(&pty_.master);
        for (auto const& door : doors)
            descriptors.push_back(&door);
        return sys::send_message(channel_, encode(FromInit(WordPrepared{})), descriptors);
    }

    Result<> await_trust()
    {
        LET(word, hear<WordTrust>());
        TRY(end_trust({plan_, tree_.root, word.ca_pem}, std::move(trust_)));
        // From here on nothing of the root file system changes any more.
        return sys::restrict_mount(tree_.root, {.read_only = true}, sys::Depth::One);
    }

    Result<int> run_agent()
    {
        LET(children, sys::watch_children());
        LET(null, sys::open_path("/dev/null", O_RDWR));
        bool const has_terminal = pty_.slave.is_open();
        Fd const& fallback = has_terminal ? pty_.slave : null;
        sys::ChannelPair reports, watch;
        if (plan_.guard.is_needed()) {
            LET(pair, sys::make_channel());
            reports = std::move(pair);
        }
        // What the host makes shows through an overlay, too.
        if (!plan_.guard.roots.empty() || tree_.lower.is_open()) {
            LET(pair, sys::make_channel());
            watch = std::move(pair);
        }
        AgentParts const parts{plan_, tree_, word_, in_.is_open() ? in_ : fallback,
            out_.is_open() ? out_ : fallback, err_.is_open() ? err_ : fallback, reports.theirs,
            watch.theirs, mask_watch_, has_terminal ? &pty_.slave : nullptr};
        step_ = "agent";
        LET(started, start_agent(parts));
        if (started.failure) {
            refuse(*started.failure);
            return started.failure->exit_code;
        }
        reports_ = std::move(reports.ours);
        reports.theirs.reset();
        watch_ = std::move(watch.ours);
        watch.theirs.reset();
        LET(lookup, lock_down(started));
        step_ = "start";
        LET(start, hear<WordStart>()); // osh confined itself meanwhile, and netproxy is ready
        (void)start;
        step_ = "agent";
        TRY(let_go(started));
        if (started.failure) {
            refuse(*started.failure);
            return started.failure->exit_code;
        }
        TRY(tell(WordStarted{started.child.pid}));
        return serve(
            {std::move(channel_), std::move(owners_), std::move(pty_.master), std::move(reports_),
                std::move(watch_), std::move(children), std::move(lookup), started.child.pid});
    }

    // Before the agent's first instruction: what watches it stands then, and can do little else.
    Result<OwnerLookup> lock_down(StartedAgent& started)
    {
        step_ = "lock-down of init";
        LET(lookup, OwnerLookup::create(std::move(tree_.proc),
                        {TraceMarks(plan_), std::move(started.watched), plan_.hears_openers},
                        std::move(started.mount_namespace)));
        lookup.ignore_all_but(started.child.pid);
        in_.reset();
        out_.reset();
        err_.reset();
        mask_watch_.reset();
        pty_.slave.reset();
        changes_ = std::move(tree_.changes);
        tree_ = {};
        TRY(sys::keep_only_capabilities(kKeptCapabilities));
        TRY(sys::forbid_new_privileges());
        TRY(sys::install_filter(word_.init_filter));
        return lookup;
    }

    Result<> tell(FromInit const& word) { return sys::send_message(channel_, encode(word)); }

    int refuse(WordFailed const& failure)
    {
        auto const told = tell(failure);
        return told.ok() ? failure.exit_code : 125;
    }

    Fd changes_; // the lock that says that the overlay's changes are not yet complete
    Fd channel_, owners_, in_, out_, err_, reports_, watch_, mask_watch_;
    BegunTrust trust_; // made while netproxy makes the certificate
    Plan plan_;
    WordPlan word_;
    MountedTree tree_;
    sys::PtyPair pty_;
    std::string step_;
};

} // namespace

int run_init(Fd channel)
{
    return Sandbox(std::move(channel)).run();
}

} // namespace osh::launcher
