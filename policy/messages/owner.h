#pragma once
// Who owns this flow: netproxy asks, init answers. One SOCK_SEQPACKET message each, little-endian
// binary, versioned by its first byte. Both ends are ours, yet both check lengths: a bug in one
// must not be a hole in the other.

#include "policy/base/bytes.h"
#include "policy/base/ip_address.h"

#include <cstdint>
#include <string>
#include <vector>

namespace osh::policy
{

inline constexpr std::size_t kMaxAncestors = 64;
inline constexpr std::size_t kMaxHolders = 16;
inline constexpr std::size_t kMaxOwnerMessage = 64 * 1024;

// How much the answer is needed for. Where a rule relies on the program, or a person is asked,
// every holder of the socket is found and everything about it is read anew. Where the verdict is
// the same for any program, one holder is enough, and what is known about it may be remembered.
// Held: only whether anybody has the socket still; no holder is looked for.
enum class OwnerDepth : std::uint8_t { Shown = 1, Proven = 2, Held = 3 };

struct OwnerQuery {
    std::uint64_t id = 0;
    std::uint8_t ip_protocol = 6; // 6 TCP, 17 UDP
    IpAddress source, destination;
    std::uint16_t source_port = 0, destination_port = 0;
    OwnerDepth depth = OwnerDepth::Proven;
};

struct ProcessIdentity {
    std::int32_t pid = 0;         // in the sandbox's PID namespace
    std::uint64_t start_time = 0; // clock ticks since boot, /proc/<pid>/stat field 22
    std::string exe;              // readlink of /proc/<pid>/exe; for display and path rules
    std::uint64_t device = 0, inode = 0;
    std::int64_t changed_ns = 0;   // st_ctim of the executable
    bool is_trusted_place = false; // program and mapped code: where the agent cannot write
    bool is_deleted = false;       // or a memfd
    bool is_traced = false;        // TracerPid is not 0
    bool is_preloaded = false;     // LD_PRELOAD or LD_AUDIT in its environment
    bool is_changed = false;       // another file than at the path's first use in this session
    std::string script;            // first non-option argument of an interpreter, display only
    std::string command_line;      // first 200 bytes, display only
};

struct Holder {
    ProcessIdentity process;
    std::vector<ProcessIdentity> ancestors; // nearest first, up to init's child
};

struct OwnerAnswer {
    std::uint64_t id = 0;
    std::vector<Holder> holders; // empty: not found, or not all of them could be found
    // Descriptors travel through Unix sockets just now, and this socket may be among them: the
    // holders need not be all.
    bool is_in_transit = false;
    // Some descriptor is the socket, or that cannot be told. A socket that nobody has lives on in
    // the kernel until its peer has ended too.
    bool is_held = true;
};

std::vector<std::byte> encode(OwnerQuery const& query);
std::vector<std::byte> encode(OwnerAnswer const& answer);
Result<OwnerQuery> decode_owner_query(Bytes message);
Result<OwnerAnswer> decode_owner_answer(Bytes message);

} // namespace osh::policy
