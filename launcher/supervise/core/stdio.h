#pragma once
// What becomes of the agent's descriptors 0, 1 and 2: pure choice from what osh's own are.
//
//   terminal          the sandbox's own pty, relayed
//   anonymous pipe    passed on as it is: nothing of the host can be reached through it
//   /dev/null         passed on
//   anything else     relayed through a pipe: a file, socket or device would carry rights with it
//                     (reopening through /proc, ioctl(2), descriptors sent over a socket)

#include <array>
#include <cstdint>

namespace osh::launcher
{

enum class StreamKind { Terminal, AnonymousPipe, Null, Other };

struct StreamFacts {
    StreamKind kind = StreamKind::Other;
    std::uint64_t device = 0, inode = 0; // equal: the same file
};

enum class StreamRoute { Pty, Pass, Relay };

enum class TerminalWish { Auto, Never, Always };

struct StdioChoice {
    std::array<StreamRoute, 3> routes{};
    bool wants_terminal = false;
    bool errors_share_output = false; // 1 and 2 are one file: one pipe keeps their order
    // Bytes typed into the outer terminal reach the agent, and the terminal is raw meanwhile. Not
    // in a pipeline: the program behind it (a pager) owns the keyboard.
    bool relays_keyboard = false;
    bool is_raw = false;
};

StdioChoice choose_stdio(std::array<StreamFacts, 3> const& facts, TerminalWish wish);

} // namespace osh::launcher
