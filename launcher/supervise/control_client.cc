#include "launcher/supervise/control_client.h"

#include "launcher/sys/event_loop.h"
#include "launcher/sys/io.h"
#include "launcher/sys/local_socket.h"
#include "policy/base/text.h"

#include <fmt/core.h>

namespace osh::launcher
{

Instant soon()
{
    return sys::now() + kClientPatience;
}

Result<ControlClient> ControlClient::connect(
    Environment const& environment, std::string const& session, std::string const& role)
{
    LET(socket, connect_to_session(environment, session));
    ControlClient client(std::move(socket));
    LET(hello, client.receive_a<policy::control::ServerHello>(soon()));
    client.hello_ = hello;
    policy::control::ClientHello mine;
    mine.client = "osh/" OSH_VERSION;
    mine.role = role;
    TRY(client.send(mine));
    LET(welcome, client.receive_a<policy::control::Welcome>(soon()));
    client.welcome_ = welcome;
    return client;
}

Result<> ControlClient::send(policy::control::FromClient const& message)
{
    LET(line, policy::control::encode_line(message));
    return sys::write_all(socket_, line);
}

Result<policy::control::FromServer> ControlClient::receive(Instant deadline)
{
    for (;;) {
        if (auto line = lines_.next()) {
            LET(message, policy::control::decode_from_server(*line));
            if (auto const* bye = std::get_if<policy::control::Bye>(&message))
                return fail(Errc::Denied, fmt::format("the session refused: {} {}",
                                              shown(bye->code, 40), shown(bye->text, 200)));
            return message;
        }
        auto const left = deadline.is_never() ? -1 : (deadline - sys::now()) / 1ms;
        if (!deadline.is_never() && left <= 0)
            return fail(Errc::Busy, "the session does not answer");
        LET(is_ready, sys::wait_readable(socket_, static_cast<int>(std::min(left, 60'000L))));
        if (!is_ready)
            continue;
        std::string bytes(16 * 1024, '\0');
        LET(count, sys::read_some(socket_, std::as_writable_bytes(std::span(bytes))));
        if (count == 0)
            return fail(Errc::Closed, "the session has ended");
        TRY(lines_.append(std::string_view(bytes).substr(0, count)));
    }
}

} // namespace osh::launcher
