#pragma once
// Synthetic addresses: each name that DNS answers for gets one IPv4 and one IPv6 address of ours,
// so that a later SYN gives the name back. Nothing is looked up outside.

#include "netproxy/stack/passing_names.h"
#include "policy/base/ip_address.h"
#include "policy/base/time.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace osh::netproxy::stack
{

// How long a name keeps its addresses after its last use, at least: longer than any DNS answer of
// ours may be cached.
inline constexpr Duration kNameEpoch = 1h;

struct NameAddresses {
    IpAddress v4, v6;
    std::uint32_t ttl_seconds = 0; // how long they may be cached
};

class NamePool
{
public:
    // `v4_block` and `v6_block` hold the pool (198.19.0.0/16 by
    // default). At most `capacity` names; the one unused for longest is replaced, never one that
    // was used within kNameEpoch. What comes when the pool is full of those passes through
    // `passing`, if there is one.
    NamePool(AddressBlock v4_block, AddressBlock v6_block, std::size_t capacity,
        std::optional<PassingBlocks> const& passing = std::nullopt);
    ~NamePool();

    // Nothing when all is full of names in use.
    std::optional<NameAddresses> addresses_for(std::string_view name, Instant now);
    // The name behind a synthetic address; refreshes its use. Empty: not one of ours, or no longer.
    std::string_view name_of(IpAddress const& address, Instant now);
    bool is_synthetic(IpAddress const& address) const; // in the blocks, whether handed out or not

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace osh::netproxy::stack
