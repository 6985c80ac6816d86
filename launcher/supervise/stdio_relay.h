#pragma once
// The agent's descriptors 0, 1 and 2 and the outer terminal, brought together: which pump carries
// what, raw mode, window sizes, foreground and background. What goes where was chosen by
// core/stdio; here it is done. Logs nothing, ever: it carries what people type.

#include "launcher/apply/launch.h"
#include "launcher/supervise/core/stdio.h"
#include "launcher/supervise/pump.h"
#include "launcher/sys/janitor.h"
#include "launcher/sys/terminal.h"

#include <list>
#include <memory>
#include <optional>

namespace osh::launcher
{

class StdioRelay
{
public:
    // Looks at osh's own descriptors.
    static Result<StdioRelay> choose(TerminalWish wish);

    // What prepare() hands to the agent; call once, before start().
    Result<StdioPlan> plan();
    // After prepare(): the pty master, not open without a terminal.
    Result<> start(sys::EventLoop& loop, sys::Fd pty);

    // Raw and reading, if we are in the foreground; the guard is told first.
    void take_terminal(sys::Janitor& guard);
    void give_terminal_back(sys::Janitor& guard);
    void resized();
    // From the background there is no event when the shell brings us forward: look now and then.
    bool waits_for_foreground() const { return is_waiting_; }

    // The agent ended: what it wrote before is carried out; true when nothing is left.
    void agent_ended(sys::Janitor& guard);
    bool is_drained() const;
    bool has_screen() const { return choice_.wants_terminal; }

private:
    struct Relayed { // our end of a pipe to the agent, and osh's own descriptor
        sys::Fd ours, own;
        bool is_input = false, is_screen = false;
    };

    void become_raw(sys::Janitor& guard);
    Result<> start_pty(sys::EventLoop& loop, sys::Fd pty);
    Result<sys::Fd> relayed_end(int standard, sys::StreamKind kind);

    StdioChoice choice_;
    std::array<sys::StreamFacts, 3> facts_{};
    std::vector<Relayed> relayed_;
    sys::Fd terminal_, pty_;
    std::optional<sys::RawMode> raw_;
    std::unique_ptr<Pump> keyboard_;
    std::list<std::unique_ptr<Pump>> outputs_, inputs_;
    bool is_waiting_ = false;
};

} // namespace osh::launcher
