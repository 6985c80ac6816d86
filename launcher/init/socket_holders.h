#pragma once
// Which processes hold which sockets (security design H12). One walk over /proc answers all the
// questions that wait. It sees the descriptor tables of processes and of threads that have their
// own; what it cannot see whole it calls incomplete, and then nobody is proven to be the owner.
//
// A descriptor that travels through a Unix socket at that moment is in no table (unix(7),
// SCM_RIGHTS). The walk tells whether any does: which one, the kernel does not say.

#include "launcher/sys/fd.h"
#include "policy/messages/owner.h"

#include <cstdint>
#include <span>
#include <vector>

namespace osh::launcher
{

inline constexpr std::size_t kMaxProcesses = 32'768;
inline constexpr std::size_t kMaxThreads = 4096;           // of one process
inline constexpr std::size_t kMaxDescriptorsSeen = 65'536; // of one table
inline constexpr std::size_t kMaxHiddenPlaces = 4096;      // of the table of an undumpable process
inline constexpr std::size_t kMaxRecentHolders = 16;
inline constexpr std::size_t kMaxRecentNumbers = 8; // of one of them
inline constexpr std::int32_t kMaxGuessReach = 16;  // up and down from its latest number
inline constexpr std::int32_t kLongTable = 256;     // from here on a table is walked later
inline constexpr std::size_t kNewestBeforeLong = 4; // processes

struct SocketSearch {
    std::uint64_t inode = 0;
    policy::OwnerDepth depth = policy::OwnerDepth::Proven;
    std::vector<std::int32_t> pids; // found; at most kMaxHolders, then `is_complete` is false
    std::int32_t descriptor = -1;   // which one it is of the first of them, if that was seen
    bool is_complete = true;        // Proven: these are all
    bool is_opened = false;         // its opener is asked for: Proven, and TCP

    bool is_over() const { return depth == policy::OwnerDepth::Shown && !pids.empty(); }
};

// Of the Unix sockets with something in their queues: does one hold descriptors?
struct CarrierSearch {
    std::vector<std::uint64_t> suspects; // sorted inodes
    bool are_all_suspect = false;        // the kernel does not tell whose queues are filled
    bool has_found = false;

    bool is_over() const { return has_found || (suspects.empty() && !are_all_suspect); }
};

class SocketHolders
{
public:
    void find(sys::Fd const& proc, std::span<SocketSearch> searches)
    {
        CarrierSearch nothing;
        find(proc, searches, nothing);
    }
    void find(sys::Fd const& proc, std::span<SocketSearch> searches, CarrierSearch& carriers);
    void ignore(std::vector<std::int32_t> helpers) { helpers_ = std::move(helpers); }

private:
    // A process that held a socket lately, and as which descriptors, the latest first.
    struct Recent {
        std::int32_t pid = 0;
        std::vector<std::int32_t> numbers; // at most kMaxRecentNumbers, and one at least

        // Whoever closes its socket has the same number next, whoever keeps it the next free one;
        // what a process freed lies among its numbers or just below. Few beside a walk.
        std::vector<std::int32_t> guesses() const;
        bool has_long_table() const;
    };

    bool find_again(sys::Fd const& proc, SocketSearch& search);
    void remember(std::int32_t pid, std::int32_t number);
    std::vector<std::int32_t> likely_holders(sys::Fd const& proc);

    std::vector<std::int32_t> helpers_;
    std::vector<Recent> recent_; // where one holder is enough they are asked first
};

// The processes there are, the newest first: by pid, which is what a recent fork has highest. False
// when there are more than kMaxProcesses.
bool list_processes(sys::Fd const& proc, std::vector<std::int32_t>& pids);

} // namespace osh::launcher
