#pragma once
// Names to addresses, on the host side, for connections that were allowed: queries built from
// scratch by c-ares to the servers the supervisor named, no files, no search domains. Only
// resolver.cc includes c-ares.

#include "launcher/sys/event_loop.h"
#include "netproxy/core/hosts_text.h"
#include "netproxy/stack/stack.h"
#include "netproxy/wire/dns.h"
#include "policy/base/ip_address.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace osh::netproxy::shell
{

inline constexpr std::size_t kMaxLookups = 512; // under way at once
inline constexpr Duration kLookupTimeout = 2s;  // of one try
inline constexpr int kLookupTries = 2;          // per server
// RFC 8305 section 3: once one family has answered, the other gets this long; a resolver that
// swallows one kind of question costs no more than this.
inline constexpr Duration kResolutionDelay = 50ms;
// resolv.conf(5) is written in place by many: one that names no resolver means the local one only
// when it has said so for this long.
inline constexpr Duration kServersAwaited = 1s;
inline constexpr std::size_t kMaxCachedNames = 1024;
inline constexpr Duration kCacheTtlLimit = 30s; // also what a longer TTL is cut to

using Addresses = Result<std::vector<IpAddress>>;
using OnAddresses = std::function<void(Addresses const&)>;

inline constexpr std::size_t kMaxRecordLookups = 64; // under way at once

struct FoundRecords { // none: `reply` says why
    stack::DnsReply reply = stack::DnsReply::ServerFailure;
    std::vector<wire::DnsRecord> records;
};
using OnRecords = std::function<void(FoundRecords)>;

class Resolver
{
public:
    // `servers`: addresses in text; none means the local one. Hosts entries win over DNS, as in
    // nsswitch "files dns".
    static Result<std::unique_ptr<Resolver>> create(
        sys::EventLoop& loop, std::vector<std::string> const& servers, core::HostsText hosts);
    virtual ~Resolver() = default;

    // `on_addresses` is called later, or at once when the answer is known.
    virtual void resolve(std::string const& name, OnAddresses on_addresses) = 0;
    // Other records than addresses, likewise; not kept.
    virtual void resolve_records(
        std::string const& name, std::uint16_t type, OnRecords on_records) = 0;
    // The machine joined another network: what waits is asked again, what was known is forgotten.
    // No servers: the file names none, perhaps not yet.
    virtual Result<> reload(std::vector<std::string> const& servers, core::HostsText hosts) = 0;
    virtual void handle_time(Instant now) = 0;
    virtual Instant next_deadline(Instant now) const = 0;
};

} // namespace osh::netproxy::shell
