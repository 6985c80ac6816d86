// The part of Upstreams between a connection to the person's own proxy and the tunnel through it.
// Reads the head of the proxy's answer and not one byte more: what follows belongs to the upstream.
// Waits as long as the core lets it: its time-out closes the upstream.

#include "launcher/sys/socket.h"
#include "netproxy/core/connect_reply.h"
#include "netproxy/shell/upstreams.h"

#include <fmt/core.h>

namespace osh::netproxy::shell
{

using sys::IoStatus;

void Upstreams::ask_for_tunnel(UpstreamId id, sys::Fd socket, core::Tunnel tunnel)
{
    Tunnelling asked;
    asked.socket = std::move(socket);
    asked.request = core::connect_request(tunnel.authority, tunnel.authorization);
    asked.proxy = std::move(tunnel.proxy);
    auto watch =
        loop_.watch(asked.socket, sys::Interest::ReadWrite, [this, id](auto) { on_tunnel(id); });
    asked.watch = watch.ok() ? *watch : 0;
    bool const is_watched = watch.ok();
    tunnelling_.emplace(id, std::move(asked));
    if (!is_watched)
        tunnel_failed(id, "cannot be waited for");
}

void Upstreams::on_tunnel(UpstreamId id)
{
    auto const found = tunnelling_.find(id);
    if (found == tunnelling_.end())
        return;
    auto& asked = found->second;
    if (!asked.request.empty()) {
        auto const sent = sys::send_from(asked.socket, bytes_of(asked.request));
        if (sent.status == IoStatus::Done)
            asked.request.erase(0, sent.count);
        else if (sent.status != IoStatus::Busy)
            return tunnel_failed(id, "closed the connection");
        if (asked.request.empty())
            static_cast<void>(loop_.change(asked.watch, sys::Interest::Read).ok());
    }
    read_reply(id, asked);
}

void Upstreams::read_reply(UpstreamId id, Tunnelling& asked)
{
    std::array<std::byte, 2048> seen{};
    auto const peeked = sys::peek_into(asked.socket, seen);
    if (peeked.status == IoStatus::Busy)
        return;
    if (peeked.status != IoStatus::Done)
        return tunnel_failed(id, "closed the connection");
    auto const earlier = asked.reply.size();
    asked.reply += text_of(Bytes(seen).first(peeked.count));
    auto const reply = core::parse_connect_reply(asked.reply);
    if (!reply.ok())
        return tunnel_failed(id, reply.error().sentence);
    auto const wanted = *reply ? (*reply)->size - earlier : peeked.count;
    static_cast<void>(sys::receive_into(asked.socket, MutableBytes(seen).first(wanted)));
    if (!*reply)
        return;
    if (!(*reply)->is_open())
        return tunnel_failed(
            id, fmt::format("refused the connection: {} {}", (*reply)->status, (*reply)->reason));
    auto done = tunnelling_.extract(id);
    loop_.unwatch(done.mapped().watch);
    connected(id, std::move(done.mapped().socket));
}

void Upstreams::tunnel_failed(UpstreamId id, std::string const& why)
{
    auto const failed = tunnelling_.extract(id);
    if (failed.mapped().watch != 0)
        loop_.unwatch(failed.mapped().watch);
    core_.dial_failed(id, core::DialFailure::Other,
        fmt::format("the proxy {} {}", failed.mapped().proxy, why), moment_());
}

} // namespace osh::netproxy::shell
