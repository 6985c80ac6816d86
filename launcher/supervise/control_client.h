#pragma once
// A front end's end of a session's control socket, for the commands of `osh`: blocking, one
// question at a time, with a time limit on everything.

#include "launcher/supervise/places.h"
#include "policy/base/time.h"
#include "policy/messages/control.h"

#include <functional>
#include <string>

namespace osh::launcher
{

inline constexpr Duration kClientPatience = 5s; // a session answers in milliseconds

class ControlClient
{
public:
    // Connects and greets. role: decide or watch.
    static Result<ControlClient> connect(
        Environment const& environment, std::string const& session, std::string const& role);

    Result<> send(policy::control::FromClient const& message);
    // The next message; Errc::Busy when the time is over, Errc::Closed at the session's end.
    Result<policy::control::FromServer> receive(Instant deadline);
    // The first message of this kind; others are dropped.
    template<typename Message>
    Result<Message> receive_a(Instant deadline)
    {
        for (;;) {
            LET(message, receive(deadline));
            if (auto* wanted = std::get_if<Message>(&message))
                return std::move(*wanted);
        }
    }

    policy::control::ServerHello const& hello() const { return hello_; }
    policy::control::Welcome const& welcome() const { return welcome_; }

private:
    explicit ControlClient(sys::Fd socket) : socket_(std::move(socket)) {}
    sys::Fd socket_;
    policy::control::LineBuffer lines_;
    policy::control::ServerHello hello_;
    policy::control::Welcome welcome_;
};

Instant soon(); // now and kClientPatience

} // namespace osh::launcher
