#include "netproxy/shell/datagrams.h"

#include "launcher/sys/socket.h"
#include "netproxy/shell/dial_guard.h"

#include <cerrno>
#include <utility>

namespace osh::netproxy::shell
{
namespace
{

using sys::IoStatus;

constexpr std::size_t kLongestDatagram = 65'535;
constexpr std::size_t kDatagramsPerTurn = 32; // of one socket; then others have their turn

bool is_too_big(sys::Io const& io)
{
    return io.status == IoStatus::Failed && io.error == EMSGSIZE;
}

Result<> set_cutting(sys::Fd const& socket, stack::Fragments fragments)
{
    bool const is_never = fragments == stack::Fragments::Never;
    return sys::set_cutting(socket, is_never ? sys::Cutting::No : sys::Cutting::Yes);
}

} // namespace

void Datagrams::open(core::OpenDatagrams const& command)
{
    auto const started = start(command);
    if (!started.ok())
        failed(command.upstream, started.error().sys_errno);
}

Result<> Datagrams::start(core::OpenDatagrams const& command)
{
    TRY(guard_.check(command.address, moment_().now));
    LET(socket, sys::start_datagrams(command.address, command.port));
    auto const id = command.upstream;
    LET(watch, loop_.watch(socket, sys::Interest::Read, [this, id](auto) { on_ready(id); }));
    sockets_.emplace(id, Socket{std::move(socket), watch, {}});
    return {};
}

void Datagrams::too_big(core::UpstreamId id, Socket const& on)
{
    core_.datagram_too_big(id, sys::path_mtu(on.socket), moment_());
}

void Datagrams::send(core::SendDatagram const& command)
{
    auto const found = sockets_.find(command.upstream);
    if (found == sockets_.end())
        return;
    auto& [id, to] = *found;
    if (std::exchange(to.fragments, command.fragments) != command.fragments)
        if (auto const set = set_cutting(to.socket, command.fragments); !set.ok())
            return failed(id, set.error().sys_errno); // never sent in a way that was not asked for
    auto sent = sys::send_from(to.socket, command.payload);
    if (is_too_big(sent)) {
        too_big(id, to);
        // A router may have said so of an earlier datagram, which the next call is told (udp(7)).
        sent = sys::send_from(to.socket, command.payload);
    }
    if (sent.status == IoStatus::Failed && !is_too_big(sent))
        failed(id, sent.error);
}

void Datagrams::on_ready(core::UpstreamId id)
{
    buffer_.resize(kLongestDatagram);
    for (std::size_t i = 0; i < kDatagramsPerTurn; ++i) {
        auto const found = sockets_.find(id);
        if (found == sockets_.end())
            return;
        auto const read = sys::receive_into(found->second.socket, buffer_);
        if (read.status == IoStatus::Busy)
            return found->second.guess.ended_after(i);
        if (is_too_big(read)) { // a router said so of an earlier one; shorter ones go on
            too_big(id, found->second);
            continue;
        }
        if (read.status == IoStatus::Failed)
            return failed(id, read.error);
        bool const is_last = found->second.guess.is_last(i + 1);
        // Ended is a datagram without a byte.
        core_.datagram_from_upstream(id, Bytes(buffer_).first(read.count), moment_());
        if (is_last)
            return;
    }
}

void Datagrams::failed(core::UpstreamId id, int error)
{
    close({id});
    bool const is_refused = error == ECONNREFUSED;
    core_.datagrams_failed(
        id, is_refused ? core::DialFailure::Refused : core::DialFailure::Unreachable, moment_());
}

void Datagrams::close(core::CloseDatagrams const& command)
{
    auto const socket = sockets_.extract(command.upstream);
    if (socket)
        loop_.unwatch(socket.mapped().watch);
}

} // namespace osh::netproxy::shell
