#include "netproxy/shell/links.h"

#include "launcher/sys/io.h"
#include "policy/base/text.h"

#include <cerrno>
#include <cstring>
#include <strings.h>
#include <utility>

namespace osh::netproxy::shell
{
namespace
{

bool is_journal_line(policy::FromNetproxy const& message)
{
    return std::holds_alternative<policy::Decided>(message)
           || std::holds_alternative<policy::FlowClosed>(message)
           || std::holds_alternative<policy::Notice>(message);
}

bool is_busy(Error const& error)
{
    return error.code == Errc::Busy || error.sys_errno == EAGAIN || error.sys_errno == ENOBUFS;
}

} // namespace

Result<> Link::start(sys::EventLoop& loop, std::function<void()> on_readable)
{
    TRY(sys::set_nonblocking(channel_));
    loop_ = &loop;
    LET(watch, loop.watch(channel_, sys::Interest::Read,
                   [this, on_readable = std::move(on_readable)](sys::Readiness ready) {
                       if (ready.writable)
                           static_cast<void>(flush().ok()); // a dead peer shows when reading
                       if (ready.readable)
                           on_readable();
                   }));
    watch_ = watch;
    return {};
}

Result<> Link::send(std::vector<std::byte> message)
{
    if (queue_.size() >= kMaxQueuedWords || bytes_ >= kMaxQueuedBytes)
        return fail(Errc::TooLarge, "another osh process does not read its messages");
    bytes_ += message.size();
    queue_.push_back(std::move(message));
    return queue_.size() == 1 ? flush() : Result<>{};
}

Result<> Link::flush()
{
    while (!queue_.empty()) {
        auto sent = sys::send_message(channel_, queue_.front());
        if (!sent.ok() && is_busy(sent.error())) {
            waits_for_room_ = true;
            return loop_->change(watch_, sys::Interest::ReadWrite);
        }
        if (!sent.ok())
            return sent;
        bytes_ -= queue_.front().size();
        queue_.pop_front();
    }
    if (!std::exchange(waits_for_room_, false))
        return {}; // no system call for each message that went at once
    return loop_->change(watch_, sys::Interest::Read);
}

Result<FromSupervisor> receive_order(Link& link)
{
    auto received = link.receive(policy::kMaxMessage);
    if (!received.ok()) {
        if (is_busy(received.error()))
            return fail(Errc::Busy, "no message");
        return std::unexpected(std::move(received).error());
    }
    if (received->bytes.empty())
        return fail(Errc::Closed, "the supervisor is gone");
    auto decoded = policy::decode_to_netproxy(text_of(received->bytes));
    ::explicit_bzero(received->bytes.data(), received->bytes.size()); // a Lend holds a secret
    if (!decoded.ok())
        return fail_because("a message of the supervisor", std::move(decoded).error());
    return FromSupervisor{*std::move(decoded), std::move(received->descriptors)};
}

Result<> tell(Link& link, policy::FromNetproxy const& message)
{
    bool const is_behind =
        link.queued() >= kMaxQueuedLines || link.queued_bytes() >= kMaxQueuedLineBytes;
    if (is_journal_line(message) && is_behind)
        return {}; // the supervisor is behind: lines are lost before the session is
    auto const text = policy::encode(message);
    auto const bytes = bytes_of(text);
    return link.send({bytes.begin(), bytes.end()});
}

Result<policy::OwnerAnswer> receive_owner(Link& link)
{
    auto received = link.receive(policy::kMaxOwnerMessage);
    if (!received.ok()) {
        if (is_busy(received.error()))
            return fail(Errc::Busy, "no message");
        return std::unexpected(std::move(received).error());
    }
    if (received->bytes.empty())
        return fail(Errc::Closed, "init is gone");
    return policy::decode_owner_answer(received->bytes);
}

Result<> ask_owner(Link& link, policy::OwnerQuery const& query)
{
    return link.send(policy::encode(query));
}

} // namespace osh::netproxy::shell
