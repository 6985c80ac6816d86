#pragma once
// Carries bytes from one descriptor to another, with a bounded buffer and back-pressure; what goes
// to a terminal passes a filter on the way. Regular files, which epoll(7) refuses, count as always
// ready.

#include "launcher/supervise/core/terminal_filter.h"
#include "launcher/sys/event_loop.h"
#include "launcher/sys/fd.h"

#include <optional>
#include <string>

namespace osh::launcher
{

inline constexpr std::size_t kPumpBuffer = 64 * 1024;

enum class AtEnd {
    CloseSink, // a pipe's reader must see the end
    TypeEnd    // a terminal's end of file is a character: Ctrl-D
};

class Pump
{
public:
    struct Ends {
        sys::Fd source, sink;
        AtEnd at_end = AtEnd::CloseSink;
        std::optional<TerminalFilter> filter{}; // the sink is a terminal of the person
    };
    Pump(sys::EventLoop& loop, Ends ends) : loop_(loop), ends_(std::move(ends)) {}
    Pump(Pump const&) = delete;
    Pump& operator=(Pump const&) = delete;
    ~Pump();

    void start() { resume(); }
    void pause(); // stops reading; what was read is still written
    void resume();
    void take_what_is_there(); // reads the rest of the source without waiting, then ends it
    bool is_done() const { return has_ended_ && pending_.empty(); }

private:
    void rearm();
    void arm_source();
    void arm_sink();
    void on_source(sys::Readiness readiness);
    void on_sink();
    bool fill(bool hung_up); // something was read
    void take(std::string_view bytes);
    void flush();
    void end_source();
    void break_sink();

    sys::EventLoop& loop_;
    Ends ends_;
    std::string pending_;
    std::optional<sys::WatchId> source_watch_, sink_watch_;
    bool is_paused_ = true, has_ended_ = false;
    bool source_is_file_ = false, sink_is_file_ = false;
};

} // namespace osh::launcher
