#include "launcher/supervise/door_keeper.h"

#include "launcher/plan/doors.h"
#include "launcher/seccomp/programs.h"
#include "launcher/supervise/passage.h"
#include "launcher/sys/channel.h"
#include "launcher/sys/io.h"
#include "launcher/sys/landlock.h"
#include "launcher/sys/local_socket.h"
#include "launcher/sys/mount.h"
#include "launcher/sys/process.h"
#include "launcher/sys/pty.h"
#include "launcher/sys/self.h"
#include "launcher/sys/signals.h"
#include "launcher/sys/spawn.h"
#include "launcher/sys/standard_streams.h"

#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <list>

namespace osh::launcher
{
namespace
{

constexpr int kChannel = 3, kFirstListener = 4, kAside = 32;
constexpr std::size_t kMaxSentence = 1024;

struct Served {
    Door const& door;
    sys::Fd const& listener;
};

class Keeper
{
public:
    Keeper(sys::EventLoop loop, sys::Fd const& channel) : loop_(std::move(loop)), channel_(channel)
    {
    }

    Result<> run(std::vector<Served> const& all)
    {
        LET(end, loop_.watch(channel_, sys::Interest::Read, [this](auto) { is_over_ = true; }));
        (void)end;
        for (auto const& served : all) {
            LET(watch, loop_.watch(served.listener, sys::Interest::Read,
                           [this, &served](auto) { admit(served); }));
            (void)watch;
        }
        while (!is_over_) {
            TRY(loop_.run_once(Instant::never()));
            for (auto& passage : passages_)
                tell(passage.take_counts());
            std::erase_if(passages_, [](Passage const& passage) { return passage.is_over(); });
        }
        return {};
    }

private:
    void admit(Served const& served)
    {
        auto inside = sys::accept_one(served.listener);
        if (!inside.ok() || !*inside || passages_.size() >= kMaxPassages)
            return;
        auto outside = sys::connect_to(served.door.host);
        if (!outside.ok())
            return say(fmt::format("{}: {}", served.door.name, outside.error().sentence));
        std::optional<SshAgentFilter> filter;
        if (served.door.name == kSshAgent)
            filter.emplace();
        else
            say(fmt::format("{}: a connection from inside", served.door.name));
        passages_.emplace_back(loop_, std::move(**inside), *std::move(outside), std::move(filter));
    }

    void tell(SshAgentFilter::Counts const& counts)
    {
        if (counts.listed > 0)
            say("ssh-agent: the keys were listed");
        if (counts.signed_ > 0)
            say(fmt::format("ssh-agent: signed {} times", counts.signed_));
        if (counts.refused > 0)
            say(fmt::format("ssh-agent: {} requests were refused that are neither listing nor "
                            "signing",
                counts.refused));
    }

    // When the supervisor does not listen fast enough, the journal has a gap, and nobody waits.
    void say(std::string const& sentence)
    {
        (void)sys::send_message(channel_, bytes_of(sentence), {}, sys::WhenFull::Fail).ok();
    }

    sys::EventLoop loop_;
    sys::Fd const& channel_;
    std::list<Passage> passages_;
    bool is_over_ = false;
};

// Only these stay open, at known places: not the control socket, not the folder's lock.
Result<> keep_descriptors(sys::Fd const& channel, std::vector<sys::Fd> const& listeners)
{
    LET(null, sys::open_path("/dev/null", O_RDWR));
    std::vector<sys::Fd> aside;
    LET(copy, sys::duplicate(channel, kAside));
    aside.push_back(std::move(copy));
    for (auto const& listener : listeners) {
        LET(other, sys::duplicate(listener, kAside));
        aside.push_back(std::move(other));
    }
    TRY(sys::set_standard_streams(null, null, null));
    int number = kChannel;
    for (auto& fd : aside) {
        TRY(sys::place_descriptor(fd, number++));
        (void)fd.release(); // closed with all others
    }
    (void)null.release();
    return sys::close_from(number);
}

// No file is opened here any more; sockets are reached by O_PATH descriptors, which Landlock leaves
// alone. It is missing where the session bears that, too, or would not have started.
Result<> close_files(std::vector<Door> const& doors)
{
    int const abi = sys::landlock_abi();
    if (abi <= 0)
        return {};
    LET(landlock, sys::Landlock::create(abi));
    for (auto const& door : doors) {
        LET(folder,
            sys::look_up(door.host.substr(0, door.host.rfind('/') + 1), sys::Links::Refuse));
        TRY(landlock.allow(folder, sys::LandlockAccess::Connect));
    }
    TRY(landlock.enforce());
    if (sys::open_path("/proc/self/status", O_RDONLY).ok())
        return fail(Errc::Denied, "the door keeper can still open files");
    return sys::Landlock::enforce_scopes(abi);
}

Result<> confine_keeper(std::vector<Door> const& doors)
{
    TRY(sys::give_up_capabilities_but({}));
    TRY(sys::forbid_new_privileges());
    TRY(sys::become_undumpable());
    TRY(close_files(doors));
    TRY(sys::install_filter(keeper_filter()));
    if (sys::may_execute() || sys::may_open_internet_socket())
        return fail(Errc::Denied, "the door keeper's system call filter does not act");
    return {};
}

Result<> keep_doors(
    std::vector<Door> const& doors, sys::Fd const& channel, std::vector<sys::Fd> const& listeners)
{
    sys::ignore_all_signals();
    TRY(sys::die_with_parent());
    TRY(sys::start_session());
    TRY(keep_descriptors(channel, listeners));
    TRY(confine_keeper(doors));
    sys::Fd const own = sys::Fd::adopt_raw_fd(kChannel);
    std::vector<sys::Fd> mine;
    std::vector<Served> all;
    for (std::size_t i = 0; i < doors.size(); ++i)
        mine.push_back(sys::Fd::adopt_raw_fd(kFirstListener + static_cast<int>(i)));
    for (std::size_t i = 0; i < doors.size(); ++i)
        all.push_back({doors[i], mine[i]});
    LET(loop, sys::EventLoop::create());
    return Keeper(std::move(loop), own).run(all);
}

} // namespace

Result<std::unique_ptr<DoorKeeper>> DoorKeeper::start(sys::EventLoop& loop,
    std::vector<Door> const& doors, std::vector<sys::Fd> const& listeners,
    std::function<void(std::string const&)> said)
{
    if (listeners.size() != doors.size())
        return fail(Errc::Malformed, "osh-init made other sockets than were asked for");
    LET(pair, sys::make_channel());
    std::unique_ptr<DoorKeeper> keeper(new DoorKeeper(loop, std::move(said)));
    LET(child, sys::clone_process(
                   {}, [&] { return keep_doors(doors, pair.theirs, listeners).ok() ? 0 : 1; }));
    keeper->channel_ = std::move(pair.ours);
    keeper->pidfd_ = std::move(child.pidfd);
    LET(watch, loop.watch(keeper->channel_, sys::Interest::Read,
                   [raw = keeper.get()](auto) { raw->hear(); }));
    keeper->watch_ = watch;
    return keeper;
}

DoorKeeper::~DoorKeeper()
{
    if (watch_)
        loop_.unwatch(*watch_);
    channel_.reset();
    if (!pidfd_.is_open())
        return;
    sys::kill_process(pidfd_, SIGKILL); // nothing is lost: whoever used it is gone
    (void)sys::reap(pidfd_).ok();
}

void DoorKeeper::continue_if_stopped()
{
    (void)sys::continue_if_stopped(pidfd_);
}

void DoorKeeper::hear()
{
    auto const received = sys::receive_message(channel_, kMaxSentence);
    if (received.ok() && !received->bytes.empty())
        return said_(std::string(text_of(received->bytes)));
    loop_.unwatch(*watch_);
    watch_.reset();
    said_("the opened sockets are served no more: their process ended");
}

} // namespace osh::launcher
