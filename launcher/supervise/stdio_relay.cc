#include "launcher/supervise/stdio_relay.h"

#include "launcher/sys/io.h"
#include "launcher/sys/spawn.h"

#include <algorithm>

namespace osh::launcher
{
namespace
{

StreamFacts core_facts(sys::StreamFacts const& facts)
{
    auto const kind = facts.kind == sys::StreamKind::Terminal        ? StreamKind::Terminal
                      : facts.kind == sys::StreamKind::AnonymousPipe ? StreamKind::AnonymousPipe
                      : facts.kind == sys::StreamKind::Null          ? StreamKind::Null
                                                                     : StreamKind::Other;
    return {kind, facts.device, facts.inode};
}

// A terminal obeys what it is sent; a file or a pipe gets the bytes as they are.
std::optional<TerminalFilter> filter_for(bool is_screen)
{
    return is_screen ? std::optional<TerminalFilter>(std::in_place) : std::nullopt;
}

} // namespace

Result<StdioRelay> StdioRelay::choose(TerminalWish wish)
{
    StdioRelay relay;
    std::array<StreamFacts, 3> facts;
    for (int i = 0; i < 3; ++i) {
        auto const at = static_cast<std::size_t>(i);
        relay.facts_[at] = sys::stream_facts(i);
        facts[at] = core_facts(relay.facts_[at]);
        if (relay.facts_[at].kind == sys::StreamKind::Terminal && !relay.terminal_.is_open()) {
            LET(terminal, sys::own_stream(i, sys::StreamKind::Terminal));
            relay.terminal_ = std::move(terminal);
        }
    }
    relay.choice_ = choose_stdio(facts, wish);
    return relay;
}

Result<StdioPlan> StdioRelay::plan()
{
    StdioPlan plan;
    plan.wants_terminal = choice_.wants_terminal;
    if (terminal_.is_open()) {
        auto const size = sys::window_size(terminal_);
        plan.rows = size.rows;
        plan.columns = size.columns;
    }
    std::array<sys::Fd*, 3> const slots{&plan.in, &plan.out, &plan.err};
    for (int i = 0; i < 3; ++i) {
        auto const at = static_cast<std::size_t>(i);
        auto const kind = facts_[at].kind;
        if (choice_.routes[at] == StreamRoute::Pass) {
            LET(own, sys::own_stream(i, kind));
            *slots[at] = std::move(own);
        } else if (choice_.routes[at] == StreamRoute::Relay) {
            bool const shares = i == 2 && choice_.errors_share_output;
            auto end = shares ? sys::duplicate(plan.out) : relayed_end(i, kind);
            if (!end.ok())
                return std::unexpected<Error>(std::move(end).error());
            *slots[at] = *std::move(end);
        }
    }
    return plan;
}

Result<sys::Fd> StdioRelay::relayed_end(int standard, sys::StreamKind kind)
{
    LET(pipe, sys::make_pipe());
    LET(own, sys::own_stream(standard, kind));
    bool const is_input = standard == 0;
    sys::Fd& ours = is_input ? pipe.write : pipe.read;
    TRY(sys::set_nonblocking(ours));
    bool const is_screen = !is_input && kind == sys::StreamKind::Terminal;
    relayed_.push_back({std::move(ours), std::move(own), is_input, is_screen});
    return is_input ? std::move(pipe.read) : std::move(pipe.write);
}

Result<> StdioRelay::start(sys::EventLoop& loop, sys::Fd pty)
{
    for (auto& relayed : relayed_) {
        auto& list = relayed.is_input ? inputs_ : outputs_;
        Pump::Ends ends = relayed.is_input
                              ? Pump::Ends{std::move(relayed.own), std::move(relayed.ours)}
                              : Pump::Ends{std::move(relayed.ours), std::move(relayed.own)};
        ends.filter = filter_for(relayed.is_screen);
        list.push_back(std::make_unique<Pump>(loop, std::move(ends)));
        list.back()->start();
    }
    relayed_.clear();
    if (pty.is_open())
        TRY(start_pty(loop, std::move(pty)));
    return {};
}

Result<> StdioRelay::start_pty(sys::EventLoop& loop, sys::Fd pty)
{
    TRY(sys::set_nonblocking(pty));
    if (terminal_.is_open())
        sys::copy_modes(terminal_, pty,
            choice_.is_raw || !choice_.relays_keyboard ? sys::Echo::AsCopied : sys::Echo::Off);
    // What the agent draws goes to the terminal: standard output if it is one.
    std::array<int, 3> const order{1, 2, 0};
    auto const screen = std::find_if(order.begin(), order.end(), [this](int i) {
        return facts_[static_cast<std::size_t>(i)].kind == sys::StreamKind::Terminal;
    });
    int const target = screen == order.end() ? 1 : *screen;
    LET(sink, sys::own_stream(target, facts_[static_cast<std::size_t>(target)].kind));
    LET(drawn, sys::duplicate(pty));
    Pump::Ends ends{std::move(drawn), std::move(sink)};
    ends.filter = filter_for(screen != order.end());
    outputs_.push_back(std::make_unique<Pump>(loop, std::move(ends)));
    outputs_.back()->start();
    if (choice_.relays_keyboard) {
        LET(typed, sys::own_stream(0, facts_[0].kind));
        LET(into, sys::duplicate(pty));
        keyboard_ = std::make_unique<Pump>(
            loop, Pump::Ends{std::move(typed), std::move(into), AtEnd::TypeEnd});
    }
    pty_ = std::move(pty);
    return {};
}

void StdioRelay::take_terminal(sys::Janitor& guard)
{
    if (!keyboard_)
        return;
    if (facts_[0].kind != sys::StreamKind::Terminal) {
        keyboard_->resume(); // -t with a pipe as input: no terminal of ours is involved
        return;
    }
    // tcsetattr(3) or a read from the background would stop us (SIGTTOU, SIGTTIN).
    is_waiting_ = !sys::is_foreground(terminal_);
    if (is_waiting_)
        return;
    resized();
    if (choice_.is_raw && !raw_)
        become_raw(guard);
    keyboard_->resume();
}

void StdioRelay::become_raw(sys::Janitor& guard)
{
    auto raw = sys::RawMode::prepare(terminal_);
    if (!raw.ok())
        return;
    guard.guard(*raw);
    if (raw->set().ok())
        raw_ = *std::move(raw);
}

void StdioRelay::give_terminal_back(sys::Janitor& guard)
{
    if (keyboard_)
        keyboard_->pause();
    if (raw_) {
        raw_.reset();
        guard.release();
    }
    is_waiting_ = false;
}

void StdioRelay::resized()
{
    if (pty_.is_open() && terminal_.is_open())
        sys::set_window_size(pty_, sys::window_size(terminal_));
}

void StdioRelay::agent_ended(sys::Janitor& guard)
{
    give_terminal_back(guard);
    inputs_.clear();
    for (auto& output : outputs_)
        output->take_what_is_there();
}

bool StdioRelay::is_drained() const
{
    return std::all_of(
        outputs_.begin(), outputs_.end(), [](auto const& output) { return output->is_done(); });
}

} // namespace osh::launcher
