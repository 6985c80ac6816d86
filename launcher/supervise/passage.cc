#include "launcher/supervise/passage.h"

#include "launcher/sys/io.h"
#include "launcher/sys/local_socket.h"

#include <array>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kReadStep = 16 * 1024;
constexpr std::size_t kMaxUnsentBytes = 64 * 1024; // no more is read for one who does not

} // namespace

Passage::Passage(
    sys::EventLoop& loop, sys::Fd inside, sys::Fd outside, std::optional<SshAgentFilter> filter)
    : loop_(loop), filter_(std::move(filter))
{
    inside_.fd = std::move(inside);
    outside_.fd = std::move(outside);
    arm(inside_, outside_);
    arm(outside_, inside_);
}

Passage::~Passage()
{
    for (auto* end : {&inside_, &outside_})
        if (end->watch)
            loop_.unwatch(*end->watch);
}

bool Passage::is_over() const
{
    return is_broken_
           || (inside_.has_ended && outside_.has_ended && inside_.unsent.empty()
               && outside_.unsent.empty());
}

SshAgentFilter::Counts Passage::take_counts()
{
    return filter_ ? filter_->take_counts() : SshAgentFilter::Counts{};
}

void Passage::on_ready(End& end, End& other, sys::Readiness readiness)
{
    if (is_broken_)
        return;
    // Nothing can be written to one that is gone, and what it wrote is read first.
    if ((readiness.readable || readiness.hung_up) && !end.has_ended)
        read_from(end);
    flush(end, other);
    flush(other, end);
    arm(end, other);
    arm(other, end);
}

void Passage::read_from(End& end)
{
    std::array<std::byte, kReadStep> bytes{};
    auto const count = sys::read_some(end.fd, bytes);
    if (!count.ok()) {
        is_broken_ = is_broken_ || count.error().code != Errc::Busy;
        return;
    }
    if (*count == 0)
        end.has_ended = true;
    else
        is_broken_ = !carry(end, Bytes(bytes).first(*count)).ok();
}

Result<> Passage::carry(End& from, Bytes bytes)
{
    bool const is_inside = &from == &inside_;
    if (!filter_) {
        (is_inside ? outside_ : inside_).unsent += text_of(bytes);
        return {};
    }
    TRY(is_inside ? filter_->from_inside(bytes) : filter_->from_agent(bytes));
    outside_.unsent += filter_->take_to_agent();
    inside_.unsent += filter_->take_to_inside();
    return {};
}

void Passage::flush(End& end, End const& other)
{
    while (!end.unsent.empty() && !is_broken_) {
        auto const count = sys::send_some(end.fd, bytes_of(end.unsent));
        if (!count.ok()) {
            is_broken_ = count.error().code != Errc::Busy;
            return;
        }
        end.unsent.erase(0, *count);
    }
    if (other.has_ended && end.unsent.empty() && !end.is_shut) {
        sys::end_sending(end.fd);
        end.is_shut = true;
    }
}

void Passage::arm(End& end, End& other)
{
    bool const may_read = !filter_ || &end != &inside_ || filter_->wants_request();
    bool const wants_read =
        may_read && !end.has_ended && other.unsent.size() < kMaxUnsentBytes && !is_broken_;
    bool const wants_write = !end.unsent.empty() && !is_broken_;
    auto const wanted =
        static_cast<sys::Interest>((wants_read ? 1U : 0U) + (wants_write ? 2U : 0U));
    if (wanted == end.armed)
        return;
    end.armed = wanted;
    if (end.watch && wanted != sys::Interest::None) {
        is_broken_ = is_broken_ || !loop_.change(*end.watch, wanted).ok();
        return;
    }
    if (end.watch) { // not even hang-ups: they would be told again and again
        loop_.unwatch(*end.watch);
        end.watch.reset();
        return;
    }
    auto watch = loop_.watch(end.fd, wanted,
        [this, &end, &other](sys::Readiness ready) { on_ready(end, other, ready); });
    if (watch.ok())
        end.watch = *watch;
    else
        is_broken_ = true;
}

} // namespace osh::launcher
