#include "launcher/supervise/door_service.h"

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
#include "launcher/sys/standard_streams.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <list>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxDoors = 16, kMaxText = 4096, kMaxTable = 64 * 1024;

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

Result<std::vector<Door>> hear_doors(sys::Fd const& channel)
{
    LET(received, sys::receive_message(channel, kMaxTable));
    ByteReader in(received.bytes);
    LET(count, in.u32_le());
    if (count > kMaxDoors)
        return fail(Errc::TooLarge, "too many doors");
    std::vector<Door> doors;
    for (std::uint32_t i = 0; i < count; ++i) {
        LET(name, in.text_le(kMaxText));
        LET(host, in.text_le(kMaxText));
        doors.push_back({std::move(name), {}, std::move(host)});
    }
    return doors;
}

Result<> serve()
{
    sys::ignore_all_signals();
    TRY(sys::die_with_parent());
    TRY(sys::start_session());
    sys::set_own_name(kDoorService);
    sys::Fd const channel = sys::Fd::adopt_raw_fd(kDoorChannel);
    LET(doors, hear_doors(channel));
    TRY(sys::close_from(kFirstDoor + static_cast<int>(doors.size())));
    TRY(confine_keeper(doors));
    std::vector<sys::Fd> listeners;
    std::vector<Served> all;
    for (std::size_t i = 0; i < doors.size(); ++i)
        listeners.push_back(sys::Fd::adopt_raw_fd(kFirstDoor + static_cast<int>(i)));
    for (std::size_t i = 0; i < doors.size(); ++i)
        all.push_back({doors[i], listeners[i]});
    LET(loop, sys::EventLoop::create());
    return Keeper(std::move(loop), channel).run(all);
}

} // namespace

std::vector<std::byte> encode_doors(std::vector<Door> const& doors)
{
    ByteWriter out;
    out.u32_le(static_cast<std::uint32_t>(doors.size()));
    for (auto const& door : doors) {
        out.text_le(door.name);
        out.text_le(door.host);
    }
    return out.take();
}

int serve_doors()
{
    return serve().ok() ? 0 : 1;
}

} // namespace osh::launcher
