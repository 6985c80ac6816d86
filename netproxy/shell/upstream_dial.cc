// The dialling half of Upstreams.

#include "launcher/sys/socket.h"
#include "netproxy/core/address_order.h"
#include "netproxy/shell/dial_guard.h"
#include "netproxy/shell/upstreams.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fmt/core.h>

namespace osh::netproxy::shell
{
namespace
{

core::DialFailure failure_of(int error)
{
    switch (error) {
    case ECONNREFUSED: return core::DialFailure::Refused;
    case ETIMEDOUT: return core::DialFailure::TimedOut;
    case ENETUNREACH:
    case EHOSTUNREACH:
    case EACCES:
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT: return core::DialFailure::Unreachable;
    default: return core::DialFailure::Other;
    }
}

} // namespace

void Upstreams::dial(core::Dial const& command)
{
    Dialling dialling;
    dialling.rest = core::in_turns(command.addresses);
    std::ranges::reverse(dialling.rest); // the next one is taken from the end
    dialling.reach = command.reach;
    dialling.tunnel = command.tunnel;
    dialling.port = command.port;
    dialling.error = ENETUNREACH;
    dialling_.emplace(command.upstream, std::move(dialling));
    start_next(command.upstream);
}

void Upstreams::start_next(UpstreamId id)
{
    auto const found = dialling_.find(id);
    if (found == dialling_.end())
        return;
    auto& dialling = found->second;
    while (!dialling.rest.empty()) {
        auto const address = dialling.rest.back();
        dialling.rest.pop_back();
        auto const started = start_attempt(id, dialling, address);
        if (!started.ok()) {
            dialling.error = started.error().sys_errno;
            continue;
        }
        if (dialling.attempts.back().watch == 0) {
            Attempt done = std::move(dialling.attempts.back());
            dialling.attempts.pop_back();
            return win(id, std::move(done));
        }
        auto const wait = dialling.rest.empty() ? kAttemptTimeout : kStagger;
        dialling.next_step = moment_().now + wait;
        return;
    }
    if (dialling.attempts.empty())
        give_up(id);
}

Result<> Upstreams::start_attempt(UpstreamId id, Dialling& dialling, IpAddress const& address)
{
    TRY(guard_.check(address, moment_().now, dialling.reach));
    LET(socket, sys::start_connect(address, dialling.port));
    if (sys::is_connected(socket)) { // on this machine, or next to it
        dialling.attempts.push_back({std::move(socket), 0});
        return {};
    }
    auto const slot = std::make_shared<sys::WatchId>(0);
    LET(watch, loop_.watch(socket, sys::Interest::Write,
                   [this, id, slot](sys::Readiness) { on_attempt(id, *slot); }));
    *slot = watch;
    dialling.attempts.push_back({std::move(socket), watch});
    return {};
}

void Upstreams::on_attempt(UpstreamId id, sys::WatchId watch)
{
    auto const found = dialling_.find(id);
    if (found == dialling_.end())
        return;
    auto& attempts = found->second.attempts;
    auto const attempt =
        std::ranges::find_if(attempts, [&](auto const& one) { return one.watch == watch; });
    if (attempt == attempts.end())
        return;
    int const error = sys::connect_outcome(attempt->socket);
    loop_.unwatch(watch);
    Attempt done = std::move(*attempt);
    attempts.erase(attempt);
    if (error == 0)
        win(id, std::move(done));
    else {
        found->second.error = error;
        start_next(id);
    }
}

void Upstreams::win(UpstreamId id, Attempt attempt)
{
    auto dialling = dialling_.extract(id);
    for (auto& other : dialling.mapped().attempts)
        loop_.unwatch(other.watch);
    auto const& tunnel = dialling.mapped().tunnel;
    if (tunnel && !tunnel->authority.empty())
        ask_for_tunnel(id, std::move(attempt.socket), *std::move(dialling.mapped().tunnel));
    else
        connected(id, std::move(attempt.socket));
}

void Upstreams::connected(UpstreamId id, sys::Fd socket)
{
    Connected connected;
    connected.socket = std::move(socket);
    connected_.emplace(id, std::move(connected));
    core_.dialled(id, moment_());
}

void Upstreams::give_up(UpstreamId id)
{
    auto dialling = dialling_.extract(id);
    for (auto& attempt : dialling.mapped().attempts)
        loop_.unwatch(attempt.watch);
    int const error = dialling.mapped().error;
    std::string why = error == EACCES ? kNeverDialled : std::strerror(error);
    auto failure = failure_of(error);
    if (auto const& tunnel = dialling.mapped().tunnel) {
        why = fmt::format("the proxy {}: {}", tunnel->proxy, why);
        failure = core::DialFailure::Other; // it says nothing about the host that was meant
    }
    core_.dial_failed(id, failure, why, moment_());
}

void Upstreams::handle_time()
{
    auto const now = moment_().now;
    std::vector<UpstreamId> due;
    for (auto const& [id, dialling] : dialling_)
        if (dialling.next_step <= now)
            due.push_back(id);
    for (auto const id : due) {
        auto const found = dialling_.find(id);
        if (found == dialling_.end())
            continue;
        if (!found->second.rest.empty())
            start_next(id);
        else {
            found->second.error = ETIMEDOUT;
            give_up(id);
        }
    }
}

Instant Upstreams::next_deadline() const
{
    if (!bulk_.empty())
        return Instant{}; // at once
    auto next = leave_by_;
    for (auto const& [id, dialling] : dialling_)
        next = std::min(next, dialling.next_step);
    return next;
}

} // namespace osh::netproxy::shell
