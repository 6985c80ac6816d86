#pragma once
// Builds netlink(7) messages and waits for the kernel's answers. Used inside launcher/sys only.

#include "launcher/sys/fd.h"
#include "policy/base/bytes.h"
#include "policy/base/result.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <linux/netlink.h>

namespace osh::sys
{

class NetlinkMessage
{
public:
    NetlinkMessage(std::uint16_t type, std::uint16_t flags);

    template<typename Header>
    void append(Header const& header)
    {
        std::memcpy(reserve(sizeof header), &header, sizeof header);
    }
    void attribute(std::uint16_t type, Bytes value);
    void attribute(std::uint16_t type, std::uint32_t value);
    // A nested attribute: everything appended until end_nested() belongs to it.
    std::size_t begin_nested(std::uint16_t type);
    void end_nested(std::size_t begin);

    Bytes finish(); // sets the length

private:
    static constexpr std::size_t kCapacity = 512; // our longest message has about 120 bytes
    std::byte* reserve(std::size_t count);

    alignas(nlmsghdr) std::array<std::byte, kCapacity> buffer_{};
    std::size_t used_ = 0;
};

Result<Fd> open_netlink(int protocol);
// Sends one request with NLM_F_ACK and waits for its acknowledgement.
Result<> request_acknowledged(Fd const& socket, NetlinkMessage& message);

} // namespace osh::sys
