#include "netproxy/shell/resolver.h"

#include "launcher/sys/fd.h"
#include "netproxy/wire/dns_records.h"

#include <ares.h>
#include <cstring>
#include <netinet/in.h>
#include <sys/select.h>
#include <unordered_map>

namespace osh::netproxy::shell
{
namespace
{

using sys::Interest;

constexpr char const* kLocalResolver = "127.0.0.1"; // resolv.conf(5): where none is named

IpAddress address_of(ares_addrinfo_node const& node)
{
    if (node.ai_family == AF_INET) {
        sockaddr_in v4{};
        std::memcpy(&v4, node.ai_addr, sizeof v4);
        return IpAddress::from_v4(ntohl(v4.sin_addr.s_addr));
    }
    sockaddr_in6 v6{};
    std::memcpy(&v6, node.ai_addr, sizeof v6);
    return IpAddress::from_v6(std::span<std::uint8_t const, 16>(v6.sin6_addr.s6_addr, 16));
}

std::string joined(std::vector<std::string> const& servers)
{
    std::string text;
    for (auto const& server : servers) {
        auto const address = IpAddress::parse(server);
        if (!address)
            continue;
        text += text.empty() ? "" : ",";
        text += address->is_v4() ? address->text() : "[" + address->text() + "]";
    }
    return text;
}

class CaresResolver final : public Resolver
{
public:
    CaresResolver(sys::EventLoop& loop, core::HostsText hosts)
        : loop_(loop), hosts_(std::move(hosts))
    {
    }
    ~CaresResolver() override
    {
        if (channel_ != nullptr)
            ares_destroy(channel_);
        for (auto& [socket, watched] : watched_)
            forget(watched);
    }

    Result<> start(std::vector<std::string> const& servers);
    void resolve(std::string const& name, OnAddresses on_addresses) override;
    void resolve_records(
        std::string const& name, std::uint16_t type, OnRecords on_records) override;
    Result<> reload(std::vector<std::string> const& servers, core::HostsText hosts) override;
    void handle_time(Instant now) override;
    Instant next_deadline(Instant now) const override;

private:
    struct Lookup {
        CaresResolver* resolver;
        std::string name;
        std::vector<OnAddresses> waiting;
        std::vector<IpAddress> found;
        int ttl = 0, status = ARES_ENODATA; // of the family that failed last
        int unanswered = 0;                 // of the two families
        Instant hand_out = Instant::never();
    };
    struct RecordLookup {
        CaresResolver* resolver;
        std::uint16_t type;
        OnRecords on_records;
    };
    struct Watched {
        sys::Fd borrowed; // c-ares owns the socket: released, never closed here
        sys::WatchId watch = 0;
    };
    struct Cached {
        std::vector<IpAddress> addresses;
        Instant until;
    };

    static void on_socket(void* self, ares_socket_t socket, int readable, int writable);
    static void on_answer(void* lookup, int status, int timeouts, ares_addrinfo* result);
    void records_came(RecordLookup const& lookup, int status, Bytes answer);
    bool is_waiting() const { return !lookups_.empty() || !late_.empty() || record_lookups_ > 0; }
    Result<> use_servers(std::vector<std::string> const& servers);
    void ask(Lookup& lookup);
    void ask_again();
    void end_awaiting();
    void answered(Lookup& lookup, int status, ares_addrinfo const* result);
    void watch_socket(ares_socket_t socket, Interest interest);
    void forget(Watched& watched);
    void finish(Lookup& lookup);
    void remember(std::string const& name, std::vector<IpAddress> addresses, int ttl);

    sys::EventLoop& loop_;
    core::HostsText hosts_;
    ares_channel channel_ = nullptr;
    bool is_reloading_ = false;
    std::optional<Instant> awaits_servers_; // until then look-ups wait for somebody to name one
    std::size_t record_lookups_ = 0;        // each belongs to c-ares until it answers
    std::unordered_map<ares_socket_t, Watched> watched_;
    std::unordered_map<std::string, std::unique_ptr<Lookup>> lookups_;
    // Handed out already, while c-ares still waits for the other family.
    std::unordered_map<Lookup const*, std::unique_ptr<Lookup>> late_;
    std::unordered_map<std::string, Cached> cache_;
};

Result<> CaresResolver::start(std::vector<std::string> const& servers)
{
    if (ares_library_init(ARES_LIB_INIT_ALL) != ARES_SUCCESS)
        return fail(Errc::System, "c-ares cannot be initialised");
    ares_options options{};
    char lookups[] = "b"; // DNS only: this process has no files
    options.flags = ARES_FLAG_NOSEARCH | ARES_FLAG_NOALIASES;
    options.timeout = static_cast<int>(
        std::chrono::duration_cast<std::chrono::milliseconds>(kLookupTimeout).count());
    options.tries = kLookupTries;
    options.ndots = 0;
    options.lookups = lookups;
    options.sock_state_cb = on_socket;
    options.sock_state_cb_data = this;
    int const mask = ARES_OPT_FLAGS | ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_NDOTS
                     | ARES_OPT_LOOKUPS | ARES_OPT_SOCK_STATE_CB;
    int status = ares_init_options(&channel_, &options, mask);
    if (status != ARES_SUCCESS)
        return fail(Errc::System, std::string("c-ares: ") + ares_strerror(status));
    return use_servers(servers);
}

Result<> CaresResolver::use_servers(std::vector<std::string> const& servers)
{
    auto const named = joined(servers);
    auto const list = named.empty() ? kLocalResolver : named;
    awaits_servers_.reset();
    int const status = ares_set_servers_ports_csv(channel_, list.c_str());
    if (status != ARES_SUCCESS)
        return fail(Errc::Invalid, std::string("resolvers: ") + ares_strerror(status));
    return {};
}

// c-ares takes other servers only while nothing is under way.
Result<> CaresResolver::reload(std::vector<std::string> const& servers, core::HostsText hosts)
{
    hosts_ = std::move(hosts);
    cache_.clear();
    is_reloading_ = true;
    ares_cancel(channel_);
    is_reloading_ = false;
    late_.clear();
    if (servers.empty())
        awaits_servers_ = sys::now() + kServersAwaited;
    else
        TRY(use_servers(servers));
    ask_again();
    return {};
}

void CaresResolver::end_awaiting()
{
    static_cast<void>(use_servers({}).ok()); // else those of before are asked
    ask_again();
}

void CaresResolver::ask_again()
{
    for (auto const& [name, lookup] : std::exchange(lookups_, {}))
        for (auto& waiting : lookup->waiting)
            resolve(name, std::move(waiting));
}

void CaresResolver::resolve(std::string const& name, OnAddresses on_addresses)
{
    auto const from_hosts = hosts_.addresses_of(name);
    if (!from_hosts.empty()) {
        on_addresses(from_hosts);
        return;
    }
    if (auto const cached = cache_.find(name); cached != cache_.end()) {
        if (sys::now() < cached->second.until) {
            on_addresses(cached->second.addresses);
            return;
        }
        cache_.erase(cached);
    }
    if (awaits_servers_ && sys::now() >= *awaits_servers_)
        end_awaiting();
    auto& lookup = lookups_[name];
    if (lookup != nullptr) { // already being asked
        lookup->waiting.push_back(std::move(on_addresses));
        return;
    }
    if (lookups_.size() > kMaxLookups) {
        lookups_.erase(name);
        on_addresses(fail(Errc::Busy, "too many names are being looked up"));
        return;
    }
    lookup = std::make_unique<Lookup>();
    lookup->resolver = this;
    lookup->name = name;
    lookup->waiting.push_back(std::move(on_addresses));
    if (!awaits_servers_)
        ask(*lookup);
}

// Both families apart: the answer of one need not wait for a resolver that drops the other.
void CaresResolver::ask(Lookup& lookup)
{
    std::string const name = lookup.name; // an answer may come at once, and end the look-up
    ares_addrinfo_hints hints{};
    hints.ai_flags = ARES_AI_NOSORT; // the dialler orders them; sorting would open sockets
    lookup.unanswered = 2;
    hints.ai_family = AF_INET6;
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, on_answer, &lookup);
    hints.ai_family = AF_INET;
    ares_getaddrinfo(channel_, name.c_str(), nullptr, &hints, on_answer, &lookup);
}

void CaresResolver::on_answer(void* opaque, int status, int, ares_addrinfo* result)
{
    auto& lookup = *static_cast<Lookup*>(opaque);
    auto& resolver = *lookup.resolver;
    --lookup.unanswered;
    if (status != ARES_EDESTRUCTION && !resolver.is_reloading_)
        resolver.answered(lookup, status, result);
    if (result != nullptr)
        ares_freeaddrinfo(result);
}

void CaresResolver::answered(Lookup& lookup, int status, ares_addrinfo const* result)
{
    if (late_.contains(&lookup)) {
        late_.erase(&lookup); // too late to be dialled; asked again when the cache runs out
        return;
    }
    if (status != ARES_SUCCESS && status != ARES_ENODATA)
        lookup.status = status;
    for (auto const* one = result == nullptr ? nullptr : result->nodes; one != nullptr;
         one = one->ai_next) {
        if (one->ai_family != AF_INET && one->ai_family != AF_INET6)
            continue;
        lookup.found.push_back(address_of(*one));
        lookup.ttl = lookup.ttl == 0 ? one->ai_ttl : std::min(lookup.ttl, one->ai_ttl);
    }
    if (lookup.unanswered == 0)
        finish(lookup);
    else if (!lookup.found.empty())
        lookup.hand_out = sys::now() + kResolutionDelay;
}

void CaresResolver::finish(Lookup& lookup)
{
    auto node = lookups_.extract(lookup.name); // keeps `lookup` alive to the end
    Addresses addresses = lookup.found;
    if (lookup.found.empty())
        addresses = fail(
            Errc::NotFound, lookup.name + " cannot be looked up: " + ares_strerror(lookup.status));
    else
        remember(lookup.name, lookup.found, lookup.ttl);
    auto const waiting = std::exchange(lookup.waiting, {});
    if (lookup.unanswered > 0)
        late_.emplace(&lookup, std::move(node.mapped()));
    for (auto const& one : waiting)
        one(addresses);
}

stack::DnsReply reply_for(int status)
{
    if (status == ARES_ENOTFOUND)
        return stack::DnsReply::NameError;
    return status == ARES_ENODATA ? stack::DnsReply::NoData : stack::DnsReply::ServerFailure;
}

void CaresResolver::resolve_records(std::string const& name, std::uint16_t type, OnRecords on_found)
{
    constexpr int kClassIn = 1;
    if (awaits_servers_ || record_lookups_ >= kMaxRecordLookups)
        return on_found({});
    ++record_lookups_;
    auto const on_records = [](void* opaque, int status, int, unsigned char* answer, int size) {
        std::unique_ptr<RecordLookup> const lookup(static_cast<RecordLookup*>(opaque));
        auto const length = answer == nullptr ? 0 : static_cast<std::size_t>(std::max(size, 0));
        lookup->resolver->records_came(*lookup, status, std::as_bytes(std::span(answer, length)));
    };
    auto lookup = std::make_unique<RecordLookup>(RecordLookup{this, type, std::move(on_found)});
    ares_query(channel_, name.c_str(), kClassIn, type, on_records, lookup.release());
}

void CaresResolver::records_came(RecordLookup const& lookup, int status, Bytes answer)
{
    --record_lookups_;
    if (status == ARES_EDESTRUCTION)
        return;
    FoundRecords found{reply_for(status), {}};
    if (status == ARES_SUCCESS) {
        auto records = wire::parse_dns_records(answer, lookup.type);
        if (records.ok()) {
            found.reply = stack::DnsReply::NoData; // where there are none
            found.records = *std::move(records);
        }
    }
    lookup.on_records(std::move(found));
}

void CaresResolver::remember(std::string const& name, std::vector<IpAddress> addresses, int ttl)
{
    if (ttl <= 0)
        return;
    if (cache_.size() >= kMaxCachedNames)
        cache_.clear();
    auto const keep = std::min<Duration>(std::chrono::seconds(ttl), kCacheTtlLimit);
    cache_[name] = {std::move(addresses), sys::now() + keep};
}

void CaresResolver::on_socket(void* self, ares_socket_t socket, int readable, int writable)
{
    auto const bits = (readable != 0 ? 1u : 0u) | (writable != 0 ? 2u : 0u);
    static_cast<CaresResolver*>(self)->watch_socket(socket, static_cast<Interest>(bits));
}

void CaresResolver::watch_socket(ares_socket_t socket, Interest interest)
{
    auto& watched = watched_[socket];
    if (interest == Interest::None) {
        forget(watched);
        watched_.erase(socket);
        return;
    }
    if (watched.watch != 0) {
        static_cast<void>(loop_.change(watched.watch, interest).ok()); // else it times out
        return;
    }
    watched.borrowed = sys::Fd::adopt_raw_fd(socket);
    auto watch = loop_.watch(watched.borrowed, interest, [this, socket](sys::Readiness ready) {
        ares_process_fd(channel_, ready.readable ? socket : ARES_SOCKET_BAD,
            ready.writable ? socket : ARES_SOCKET_BAD);
    });
    watched.watch = watch.ok() ? *watch : 0;
}

void CaresResolver::forget(Watched& watched)
{
    if (watched.watch != 0)
        loop_.unwatch(watched.watch);
    watched.watch = 0;
    static_cast<void>(watched.borrowed.release());
}

void CaresResolver::handle_time(Instant now)
{
    if (!is_waiting())
        return;
    if (awaits_servers_ && now >= *awaits_servers_)
        end_awaiting();
    ares_process_fd(channel_, ARES_SOCKET_BAD, ARES_SOCKET_BAD);
    std::vector<Lookup*> due;
    for (auto const& [name, lookup] : lookups_)
        if (lookup->hand_out <= now)
            due.push_back(lookup.get());
    for (auto* lookup : due)
        finish(*lookup);
}

Instant CaresResolver::next_deadline(Instant now) const
{
    if (!is_waiting())
        return Instant::never();
    timeval longest{1, 0}, storage{};
    auto const* wait = ares_timeout(channel_, &longest, &storage);
    auto next = now + std::chrono::seconds(wait->tv_sec) + std::chrono::microseconds(wait->tv_usec);
    next = std::min(next, awaits_servers_.value_or(next));
    for (auto const& [name, lookup] : lookups_)
        next = std::min(next, lookup->hand_out);
    return next;
}

} // namespace

Result<std::unique_ptr<Resolver>> Resolver::create(
    sys::EventLoop& loop, std::vector<std::string> const& servers, core::HostsText hosts)
{
    auto resolver = std::make_unique<CaresResolver>(loop, std::move(hosts));
    TRY(resolver->start(servers));
    return std::unique_ptr<Resolver>(std::move(resolver));
}

} // namespace osh::netproxy::shell
