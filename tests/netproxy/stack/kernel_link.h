#pragma once
// The stack against the real TCP of this kernel: a user and network namespace with a TUN, a small
// application over the stack, and a client that uses sockets. Both are children of the test; the
// client's exit status is the result.
//
// What a port does: 7 echoes, 9 refuses, 10 is unreachable, 11 resets after the first byte, 12
// finishes at the first byte, without waiting for the agent's end, 13 counts what it gets and
// answers with length and sum when the agent has finished, 19 sends as many bytes as the first
// eight ask for and finishes, 20 never reads, 21 tells how many flows there are, as eight bytes,
// for each byte.

#include "policy/base/bytes.h"

#include <cstdint>
#include <functional>
#include <string>

namespace osh::netproxy::stack::test
{

struct Faults { // per thousand packets, in both directions
    unsigned lost = 0, doubled = 0, delayed = 0;
    std::uint64_t seed = 1;
    unsigned cut = 0; // short of their end: neither side may take a byte of them
};

struct LinkOptions {
    Faults faults;
    std::uint32_t receive_ring = 256 * 1024, send_ring = 256 * 1024;
};

// Nothing: the client returned 0. Else what went wrong. "skip: ..." when this machine has no
// namespaces or no TUN.
std::string run_over_kernel_link(LinkOptions const& options, std::function<int()> const& client);

// A running sum of bytes in order (FNV-1a), for comparing streams.
class StreamSum
{
public:
    void add(Bytes bytes)
    {
        for (std::byte const byte : bytes)
            value_ = (value_ ^ std::to_integer<std::uint64_t>(byte)) * 0x100000001b3;
        count_ += bytes.size();
    }
    std::uint64_t digest() const { return value_; }
    std::uint64_t count() const { return count_; }

private:
    std::uint64_t value_ = 0xcbf29ce484222325, count_ = 0;
};

// The byte at a place of the streams that both sides can produce.
inline std::byte stream_byte(std::uint64_t place)
{
    return static_cast<std::byte>((place * 0x9e3779b97f4a7c15) >> 56);
}

} // namespace osh::netproxy::stack::test
