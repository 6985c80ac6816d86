#pragma once
// Kept upstream connections between two flows: a client that makes a connection per request costs
// no upstream handshake each time (RFC 9112 section 9.3). Judged again by whoever takes one: a pool
// knows hosts, not rules. Bounded in number and time.

#include "netproxy/core/flow.h"
#include "netproxy/core/timers.h"

#include <map>
#include <string>

namespace osh::netproxy::core
{

inline constexpr std::size_t kMaxKept = 32;    // sockets that nobody uses
inline constexpr Duration kKeepFor = 10s;      // servers give up after 15 s and more, mostly
inline constexpr std::size_t kKeptSpace = 512; // what may come in between: session tickets

struct PoolKey {
    std::string host;
    std::uint16_t port = 0;
    bool is_encrypted = false;
    auto operator<=>(PoolKey const&) const = default;
};

class UpstreamPool
{
public:
    // False: full.
    bool keep(PoolKey key, Upstream upstream, Instant now);
    // The one kept last, or one without an id.
    Upstream take(PoolKey const& key);
    bool has(UpstreamId id) const { return kept_.contains(id); }
    MutableBytes space() { return space_; }
    // False: the connection is no longer good, and forgotten.
    bool received(UpstreamId id, std::size_t count);
    void forget(UpstreamId id);
    UpstreamId take_due(Instant now) { return timers_.take_due(now); }
    Instant next_deadline() const { return timers_.next(); }

private:
    struct Kept {
        PoolKey key;
        Upstream upstream;
    };
    std::map<UpstreamId, Kept> kept_; // ids grow: the last is the youngest dial
    Timers timers_;
    std::vector<std::byte> space_ = std::vector<std::byte>(kKeptSpace);
};

} // namespace osh::netproxy::core
