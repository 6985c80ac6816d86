#pragma once
// Who opened a connection. Descriptors alone do not tell whose the request is: a program can let
// go of its own while a call that it began goes on (send(2) and splice(2) wait for the handshake),
// hand it round between tables faster than they can be read, and leave the connection to a program
// that merely inherited it. So init hears of each connect(2) before it happens, and whoever made it
// counts as a holder when the connection is judged for the first time (security design H12).
//
// What it says is tied to the socket in the caller's table at that moment. Another one that takes
// its place afterwards is one that nobody opened.

#include "launcher/sys/fd.h"

#include <cstdint>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>

namespace osh::launcher
{

inline constexpr std::size_t kMaxOpened = 4096; // sockets remembered, the latest ones

// One program in one process: execve(2) gives another stack.
struct Opener {
    std::int32_t pid = 0;
    std::uint64_t start_time = 0, stack = 0;
    bool operator==(Opener const&) const = default;
};

// As it is now; nothing when it is gone.
std::optional<Opener> opener_at(sys::Fd const& proc, std::int32_t pid);
// "Tgid:" of /proc/TID/status; nothing for anything else.
std::optional<std::int32_t> parse_process(std::string_view status);

class Openers
{
public:
    // A thread that waits calls connect(2). Nothing comes of it before stands().
    void look(sys::Fd const& proc, std::int32_t thread, std::int32_t descriptor);
    // It still waited afterwards: so it was that program throughout, as execve(2) of another thread
    // would have ended it first.
    void stands();

    enum class Word { Unknown, Open, Settled };
    struct Said {
        Word word = Word::Unknown;
        Opener opener;
    };
    // Settled: it was there when the connection was judged first, and may have ended since.
    Said who_opened(std::uint64_t inode) const;
    void settle(std::uint64_t inode);

private:
    struct Opened {
        Opener opener;
        bool is_contested = false; // several opened it before it was judged
        bool is_settled = false;
    };
    struct Candidate {
        std::uint64_t inode = 0;
        Opener opener;
    };

    std::optional<Candidate> candidate_;
    std::unordered_map<std::uint64_t, Opened> opened_; // by inode
    std::deque<std::uint64_t> order_;                  // of their coming
};

} // namespace osh::launcher
