#include "launcher/supervise/pump.h"

#include "launcher/sys/io.h"

#include <algorithm>
#include <cerrno>

namespace osh::launcher
{
namespace
{

// POLLOUT of a pipe promises PIPE_BUF bytes (pipe(7)); inherited descriptors may block, so no more
// than that is written at once.
constexpr std::size_t kWriteStep = 4096;
constexpr char kTypedEnd = '\x04';

bool is_file(Error const& error)
{
    return error.sys_errno == EPERM; // epoll_ctl(2): the target does not support epoll
}

} // namespace

Pump::~Pump()
{
    if (source_watch_)
        loop_.unwatch(*source_watch_);
    if (sink_watch_)
        loop_.unwatch(*sink_watch_);
}

void Pump::pause()
{
    is_paused_ = true;
    rearm();
}

void Pump::resume()
{
    is_paused_ = false;
    rearm();
}

void Pump::take_what_is_there()
{
    is_paused_ = false;
    has_ended_ = has_ended_ || !sys::set_nonblocking(ends_.source).ok();
    while (!has_ended_ && pending_.size() < kPumpBuffer && fill(true)) {
    }
    if (pending_.size() < kPumpBuffer)
        end_source();
    rearm();
}

void Pump::rearm()
{
    // Files first: they never wait, so each goes as far as the other side lets it.
    while (source_is_file_ && !is_paused_ && !has_ended_ && pending_.empty()) {
        fill(false);
        flush();
    }
    if (sink_is_file_)
        flush();
    arm_source();
    arm_sink();
    if (has_ended_ && pending_.empty() && ends_.at_end == AtEnd::CloseSink)
        ends_.sink.reset();
}

void Pump::arm_source()
{
    bool const wanted = !source_is_file_ && !is_paused_ && !has_ended_
                        && pending_.size() < kPumpBuffer && ends_.source.is_open();
    if (!wanted && source_watch_) {
        loop_.unwatch(*source_watch_);
        source_watch_.reset();
    }
    if (!wanted || source_watch_)
        return;
    auto watch = loop_.watch(ends_.source, sys::Interest::Read,
        [this](sys::Readiness readiness) { on_source(readiness); });
    if (watch.ok()) {
        source_watch_ = *watch;
        return;
    }
    if (is_file(watch.error())) {
        source_is_file_ = true;
        rearm();
    } else {
        end_source();
    }
}

void Pump::arm_sink()
{
    bool const wanted = !sink_is_file_ && !pending_.empty() && ends_.sink.is_open();
    if (!wanted && sink_watch_) {
        loop_.unwatch(*sink_watch_);
        sink_watch_.reset();
    }
    if (!wanted || sink_watch_)
        return;
    auto watch =
        loop_.watch(ends_.sink, sys::Interest::Write, [this](sys::Readiness) { on_sink(); });
    if (watch.ok()) {
        sink_watch_ = *watch;
        return;
    }
    if (is_file(watch.error())) {
        sink_is_file_ = true;
        rearm();
    } else {
        break_sink();
    }
}

void Pump::on_source(sys::Readiness readiness)
{
    fill(readiness.hung_up);
    rearm();
}

void Pump::on_sink()
{
    flush();
    rearm();
}

bool Pump::fill(bool hung_up)
{
    // A filter may make a few bytes more of what it gets: the bound is on what is read.
    std::string bytes(kPumpBuffer - std::min(pending_.size(), kPumpBuffer), '\0');
    auto count = sys::read_some(ends_.source, std::as_writable_bytes(std::span(bytes)));
    if (!count.ok()) {
        // EIO: the other side of a pty is gone, or we read a terminal from the background.
        if (count.error().code != Errc::Busy)
            end_source();
        return false;
    }
    if (*count > 0) {
        take(std::string_view(bytes).substr(0, *count));
        return true;
    }
    if (ends_.at_end == AtEnd::TypeEnd && !hung_up)
        pending_.push_back(kTypedEnd);
    else
        end_source();
    return false;
}

void Pump::take(std::string_view bytes)
{
    pending_ += ends_.filter ? ends_.filter->pass(bytes) : bytes;
}

void Pump::flush()
{
    std::size_t written = 0;
    while (written < pending_.size()) {
        auto const part = bytes_of(pending_).subspan(written);
        auto count = sys::write_some(ends_.sink, part.first(std::min(part.size(), kWriteStep)));
        if (!count.ok()) {
            if (count.error().code == Errc::Busy)
                break;
            return break_sink();
        }
        written += *count;
        if (!sink_is_file_)
            break; // the next step waits for the next readiness
    }
    pending_.erase(0, written);
}

void Pump::end_source()
{
    has_ended_ = true;
    if (ends_.filter)
        pending_ += ends_.filter->finish(); // nothing the second time
    if (source_watch_) {
        loop_.unwatch(*source_watch_);
        source_watch_.reset();
    }
    ends_.source.reset();
}

// Nobody reads any more: the writer must see it too, as it would without us.
void Pump::break_sink()
{
    end_source();
    pending_.clear();
    if (sink_watch_) {
        loop_.unwatch(*sink_watch_);
        sink_watch_.reset();
    }
    ends_.sink.reset();
}

} // namespace osh::launcher
