#include "launcher/init/strange_sockets.h"

#include "launcher/sys/local_sockets.h"
#include "launcher/sys/mount.h"

#include <algorithm>

namespace osh::launcher
{
namespace
{

// bind(2) makes the file, then puts the socket behind it: microseconds, longer when it is
// interrupted between the two. Looked at after 1, 2, 4, … ms, half a second in all.
constexpr unsigned kMaxLooks = 9;

bool is_among(
    std::set<sys::SocketFile> const& own, sys::Fd const& place, std::uint64_t other_device)
{
    auto const kind = sys::kind_of(place);
    return kind.ok()
           && (own.contains(sys::socket_file(kind->device, kind->inode))
               || own.contains(sys::socket_file(other_device, kind->inode)));
}

bool may_be_alive(sys::Fd const& place)
{
    auto const lives = sys::is_socket_alive(place);
    return !lives.ok() || *lives;
}

} // namespace

StrangeSockets::StrangeSockets(std::string project, InnerNetworks inner)
    : project_(std::move(project)), inner_(inner)
{
}

void StrangeSockets::add(std::string path)
{
    if (inner_ == InnerNetworks::None)
        waiting_.push_back({std::move(path)});
}

int StrangeSockets::next_look() const
{
    unsigned soonest = kMaxLooks;
    for (auto const& one : waiting_)
        soonest = std::min(soonest, one.looks);
    return waiting_.empty() ? -1 : 1 << (soonest > 0 ? soonest - 1 : 0);
}

void StrangeSockets::judge(std::function<void(sys::Fd const&)> const& cover)
{
    std::vector<Waiting> dead;
    std::vector<sys::Fd> alive;
    for (auto& one : waiting_) {
        auto place = sys::look_up(one.path, sys::Links::Refuse);
        if (!place.ok())
            continue; // gone
        if (may_be_alive(*place))
            alive.push_back(*std::move(place));
        else if (dead.size() >= kMaxWaitingSockets)
            cover(*place); // who floods the list hides nothing behind it
        else if (++one.looks < kMaxLooks)
            dead.push_back(std::move(one));
    }
    waiting_ = std::move(dead);
    if (alive.empty())
        return;
    auto const own = sys::bound_sockets();
    if (!own.ok() && own.error().code == Errc::Unsupported)
        return; // any other failure may be the agent's doing
    auto const device = sys::device_mounted_at(project_);
    // Still alive: not one of the agent's that was closed between the two questions.
    for (auto const& place : alive)
        if (!(own.ok() && is_among(*own, place, device)) && may_be_alive(place))
            cover(place);
}

} // namespace osh::launcher
