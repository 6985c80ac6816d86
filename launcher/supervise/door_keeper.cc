#include "launcher/supervise/door_keeper.h"

#include "launcher/supervise/door_service.h"
#include "launcher/sys/channel.h"
#include "launcher/sys/io.h"
#include "launcher/sys/process.h"
#include "launcher/sys/spawn.h"
#include "launcher/sys/standard_streams.h"

#include <csignal>
#include <fcntl.h>

namespace osh::launcher
{
namespace
{

constexpr int kAside = 32;
constexpr std::size_t kMaxSentence = 1024;

// In the child, until the exec. Only these stay open, at known places: not the control socket, not
// the folder's lock.
Result<> become_service(sys::Fd const& channel, std::vector<sys::Fd> const& listeners)
{
    LET(program, sys::open_path("/proc/self/exe", O_PATH));
    LET(null, sys::open_path("/dev/null", O_RDWR));
    std::vector<sys::Fd> aside;
    LET(copy, sys::duplicate(channel, kAside));
    aside.push_back(std::move(copy));
    for (auto const& listener : listeners) {
        LET(other, sys::duplicate(listener, kAside));
        aside.push_back(std::move(other));
    }
    LET(file, sys::duplicate(program, kAside));
    TRY(sys::set_standard_streams(null, null, null));
    int number = kDoorChannel;
    for (auto const& fd : aside)
        TRY(sys::place_descriptor(fd, number++));
    return std::unexpected(sys::execute_helper(file, kDoorService));
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
                   {}, [&] { return become_service(pair.theirs, listeners).ok() ? 0 : 1; }));
    keeper->channel_ = std::move(pair.ours);
    keeper->pidfd_ = std::move(child.pidfd);
    TRY(sys::send_message(keeper->channel_, encode_doors(doors)));
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
