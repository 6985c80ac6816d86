// The loop: receive, carry out, answer.

#include "launcher/broker/broker_class.h"
#include "launcher/sys/channel.h"
#include "launcher/sys/event_loop.h"
#include "launcher/sys/listener.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/syscall.h>
#include <tuple>

namespace osh::launcher
{
namespace
{

constexpr Duration kLookAgain = 50ms; // how late a signal may end the open of a FIFO
constexpr unsigned kMostFailures = 8; // to hear a call, in a row
constexpr unsigned kMaxReports = 256; // refusals told; the journal needs no more

} // namespace

Broker::Broker(BrokerParts parts)
    : parts_(std::move(parts)), names_(parts_.rules, parts_.proc, parts_.has_other_roots),
      judge_(parts_.rules, names_), waiting_(parts_.listener, parts_.reports),
      root_(std::move(sys::open_here("/", O_PATH | O_DIRECTORY).fd)),
      ground_{root_, sys::examine(parts_.proc).device, sys::link_text(parts_.proc, "self"),
          parts_.has_other_roots},
      reports_left_(kMaxReports)
{
    sys::set_umask(umask_);
}

int Broker::run()
{
    sys::wake_in_place(parts_.listener);
    sys::Notification notification;
    while (!is_lost_) {
        if (!waiting_.is_empty() && !look_at_waiting())
            continue;
        auto const heard = sys::receive_call(parts_.listener, notification);
        if (heard == sys::Heard::End) { // init hears of the agent's end first, and ends us
            sys::wait_for(parts_.reports, -1);
            return 0;
        }
        if (heard == sys::Heard::Call)
            serve(notification);
        failures_ = heard == sys::Heard::Failure ? failures_ + 1 : 0;
        is_lost_ = is_lost_ || failures_ > kMostFailures || waiting_.is_lost();
    }
    return 1;
}

// False: no call came meanwhile.
bool Broker::look_at_waiting()
{
    sys::wait_for_either(parts_.listener, waiting_.results(), kLookAgain);
    for (auto& open : waiting_.take_finished())
        give(open.id, {Answer::Kind::File, open.error, std::move(open.file)},
            OpenCall{{}, open.flags, 0});
    if (sys::now() >= next_look_) {
        waiting_.look(parts_.proc);
        next_look_ = sys::now() + kLookAgain;
    }
    return sys::has_input_or_end(parts_.listener);
}

void Broker::serve(sys::Notification const& notification)
{
    if (notification.call == SYS_ptrace) {
        ask_about_tracing(notification);
        return;
    }
    if (notification.call == SYS_connect) {
        tell_of_connecting(notification);
        return;
    }
    if (notification.call == SYS_umask) { // in a register: it can go on
        status_.umask_changes(
            parts_.proc, notification.thread, static_cast<unsigned>(notification.arguments[0]));
        is_lost_ = !sys::continue_call(parts_.listener, notification.id);
        return;
    }
    auto const call = call_of(notification);
    if (!call) { // the filter and the table disagree: our mistake, and no reason to allow
        reply(notification.id, ENOSYS);
        return;
    }
    names_.look_for(notification.thread);
    Caller const caller(parts_.proc, status_, notification.thread);
    Turn turn{notification.id, caller, PathWalk(ground_, caller)};
    auto answer = std::visit([&](auto const& one) { return carry_out(turn, one); }, *call);
    give(turn.id, std::move(answer), *call);
}

// Init marks what becomes traced, before it is (launcher/init/trace_marks.h).
void Broker::ask_about_tracing(sys::Notification const& call)
{
    if (ask_init(TraceQuestion{call.thread, call.arguments[0], call.arguments[1]}) == kMayTrace)
        is_lost_ = !sys::continue_call(parts_.listener, call.id);
    else
        reply(call.id, EPERM);
}

// Init looks who opens the connection, before it is (launcher/init/openers.h). The call goes on
// whatever comes of it: a connection whose opener is not known is nobody's.
void Broker::tell_of_connecting(sys::Notification const& call)
{
    ConnectQuestion const question{call.thread, static_cast<std::int32_t>(call.arguments[0])};
    if (ask_init(question) && sys::is_waiting(parts_.listener, call.id))
        std::ignore = sys::send_message(parts_.reports, encode(Report(ConnectStands{})));
    is_lost_ = is_lost_ || !sys::continue_call(parts_.listener, call.id);
}

// Its one byte; nothing when it ended.
std::optional<std::uint8_t> Broker::ask_init(Report const& question)
{
    auto const asked = sys::send_message(parts_.reports, encode(question));
    auto const answer = asked.ok() ? sys::receive_message(parts_.reports, 1)
                                   : Result<sys::Received>(std::unexpected(asked.error()));
    if (!answer.ok() || answer->bytes.size() != 1)
        return std::nullopt;
    return std::to_integer<std::uint8_t>(answer->bytes[0]);
}

void Broker::give(std::uint64_t id, Answer answer, Call const& call)
{
    if (answer.kind == Answer::Kind::Later)
        return;
    auto const* open = std::get_if<OpenCall>(&call);
    if (answer.error == 0 && answer.kind == Answer::Kind::File) {
        auto const close_on_exec = open != nullptr && (open->flags & O_CLOEXEC) != 0
                                       ? sys::CloseOnExec::Yes
                                       : sys::CloseOnExec::No;
        answer.error = sys::answer_with(parts_.listener, id, std::move(answer.file), close_on_exec);
        if (answer.error == 0 || answer.error == ENOENT)
            return;
    }
    reply(id, answer.error);
}

void Broker::reply(std::uint64_t id, int error)
{
    is_lost_ = is_lost_ || !sys::answer_call(parts_.listener, id, error);
}

bool Broker::is_waiting(Turn const& turn) const
{
    return sys::is_waiting(parts_.listener, turn.id);
}

void Broker::use_umask(unsigned mask)
{
    if (mask == umask_)
        return;
    sys::set_umask(mask);
    umask_ = mask;
}

Place Broker::place_of(Turn& turn, PathArgument const& path)
{
    std::string text;
    if (int const error = turn.caller.text(path.address, text); error != 0)
        return {sys::Fd(), {}, error};
    sys::Opened start;
    if (!text.starts_with('/'))
        start = turn.caller.start_directory(path.directory);
    if (!start.ok())
        return {sys::Fd(), {}, text.empty() ? ENOENT : start.error};
    return turn.walk.find(std::move(start.fd), text);
}

int Broker::refuse(Place const& at, Ruling const& ruling)
{
    if (ruling.why.empty() || reports_left_ == 0)
        return ruling.error;
    --reports_left_;
    RefusedName report{sys::own_path_of(at.parent) + "/" + std::string(at.bare_name()), ruling.why};
    // Whether or not somebody still listens, the refusal stands.
    std::ignore = sys::send_message(parts_.reports, encode(Report(std::move(report))));
    return ruling.error;
}

int run_broker(BrokerParts parts)
{
    return Broker(std::move(parts)).run();
}

} // namespace osh::launcher
