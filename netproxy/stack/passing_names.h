#pragma once
// Addresses for names that come faster than a pool can keep: a program that asks for new names
// without end gets honest answers, in constant memory.
//
// Each new name gets a number never given before (until the block has been gone through), so an
// address never comes to mean another name while anybody could still believe in it: when its place
// was needed, a connection to it leads nowhere and the program asks again. Not for ordinary use:
// what is answered here must not be cached.

#include "policy/base/ip_address.h"
#include "policy/base/time.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

namespace osh::netproxy::stack
{

struct AddressPair {
    IpAddress v4, v6;
};

struct PassingBlocks {
    AddressBlock v4, v6;      // far larger than the places: that is how long a number stays unused
    std::size_t capacity = 0; // names at a time
};

class PassingNames
{
public:
    explicit PassingNames(PassingBlocks const& blocks);
    ~PassingNames();

    // The name known for longest gives way, but none that a connection used within `kept_for`.
    // Nothing when there are too many of those.
    std::optional<AddressPair> addresses_for(std::string_view name, Instant now, Duration kept_for);
    // Empty: never given, or no longer. A view into this object; refreshes the name's use.
    std::string_view name_of(IpAddress const& address, Instant now);
    bool contains(IpAddress const& address) const;

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace osh::netproxy::stack
