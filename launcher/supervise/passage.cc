#include "launcher/supervise/passage.h"

#include "launcher/sys/io.h"
#include "launcher/sys/local_socket.h"

#include <algorithm>
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
    bool const is_delivered = inside_.unsent.empty() && outside_.unsent.empty();
    bool const is_pointless = inside_.is_gone || outside_.is_gone;
    return is_broken_
           || (is_delivered && (is_pointless || (inside_.has_ended && outside_.has_ended)));
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
    if (readiness.hung_up && end.has_ended) {
        end.is_gone = true;
        end.unsent.clear();
    }
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
    // Hang-ups are always told, again and again: nobody listens to an end that is gone, nor to one
    // that must wait with what it says. One that has said everything is listened to, to notice that
    // it goes.
    auto const wanted = wanted_from(end, other);
    bool const listens = wanted != sys::Interest::None || (end.has_ended && !end.is_gone);
    if (listens == end.watch.has_value() && wanted == end.armed)
        return;
    end.armed = wanted;
    if (!listens) {
        loop_.unwatch(*end.watch);
        end.watch.reset();
    } else if (end.watch) {
        is_broken_ = is_broken_ || !loop_.change(*end.watch, wanted).ok();
    } else {
        auto watch = loop_.watch(end.fd, wanted,
            [this, &end, &other](sys::Readiness ready) { on_ready(end, other, ready); });
        is_broken_ = is_broken_ || !watch.ok();
        if (watch.ok())
            end.watch = *watch;
    }
}

sys::Interest Passage::wanted_from(End const& end, End const& other) const
{
    // What the filter refuses goes back to where it came from: who does not take answers is not
    // heard either.
    std::size_t const waiting =
        filter_ ? std::max(end.unsent.size(), other.unsent.size()) : other.unsent.size();
    bool const may_read = !filter_ || &end != &inside_ || filter_->wants_request();
    bool const wants_read = may_read && !end.has_ended && waiting < kMaxUnsentBytes && !is_broken_;
    bool const wants_write = !end.unsent.empty() && !is_broken_;
    return static_cast<sys::Interest>((wants_read ? 1U : 0U) + (wants_write ? 2U : 0U));
}

} // namespace osh::launcher
