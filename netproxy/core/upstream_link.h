#pragma once
// HTTP/2 connections to upstreams, shared by the streams that may travel together: same host and
// port, same program, same credential. Who may join is the core's decision, each time; this only
// remembers. Also: who waits for a connection that is being made, and which servers answered that
// they speak HTTP/1.1 only, or HTTP/2 only.

#include "netproxy/core/flow.h"
#include "netproxy/core/timers.h"
#include "netproxy/proxy/http2_upstream.h"

#include <algorithm>
#include <map>
#include <string>

namespace osh::netproxy::core
{

inline constexpr std::size_t kMaxLinks = 128;      // beyond it streams get HTTP/1.1 connections
inline constexpr Duration kLinkKeepFor = 60s;      // without a stream
inline constexpr Duration kLinkQuiet = 60s;        // then nobody joins it any more
inline constexpr std::size_t kMaxKnownHosts = 256; // remembered, of each kind
inline constexpr Duration kKnownHostFor = 10min;   // then they are asked again

struct LinkKey {
    std::string host;
    std::uint16_t port = 0;
    std::string program, credential;
    auto operator<=>(LinkKey const&) const = default;
};

struct Link {
    LinkKey key;
    Upstream upstream; // connected and verified
    proxy::Http2Upstream http2;
    Moment heard; // when something came last
    bool is_pumping = false;
    bool is_over = false;
    bool awaits_settings = true;
    bool do_sockets_wait = false; // for its SETTINGS, as pending ones of its key
    std::uint32_t held = 0;       // bytes, as they were counted last

    // The way to its server may be gone. By the calendar too, which goes on while the machine
    // sleeps; a clock that is set costs a connection.
    bool is_quiet(Moment at) const;
};

class UpstreamLinks
{
public:
    Link* find(UpstreamId id);
    Link const* find(UpstreamId id) const;
    // Those of this key that take one more stream.
    std::vector<Link*> open_links(LinkKey const& key);
    Link& add(LinkKey key, Upstream upstream);
    bool is_full() const { return links_.size() + pending_.size() >= kMaxLinks; }
    void mark_over(Link& link);
    void sweep(); // frees those that are over

    // ---- a connection that is being made: the first to want it makes it, the others wait
    bool is_pending(LinkKey const& key) const { return pending_.contains(key); }
    void begin(LinkKey const& key) { pending_.try_emplace(key); }
    void wait(LinkKey const& key, FlowId flow) { pending_[key].push_back(flow); }
    std::vector<FlowId> finish(LinkKey const& key); // who waited

    void note_http1(std::string const& host, std::uint16_t port, Instant now);
    bool is_http1(std::string const& host, std::uint16_t port, Instant now) const;
    // Who took no HTTP/1.1: the next connection for a client of it offers both.
    void note_http2(std::string const& host, std::uint16_t port, Instant now);
    bool is_http2(std::string const& host, std::uint16_t port, Instant now) const;

    // ---- time
    void idle_since(UpstreamId id, Instant now) { timers_.set(id, now + kLinkKeepFor); }
    void in_use(UpstreamId id) { timers_.clear(id); }
    UpstreamId take_due(Instant now) { return timers_.take_due(now); }
    // Its first frame is due, or has come.
    void expect_settings(Link const& link, Instant now);
    void settings_came(Link& link);
    UpstreamId take_silent(Instant now) { return silent_.take_due(now); }
    Instant next_deadline() const { return std::min(timers_.next(), silent_.next()); }

private:
    std::map<UpstreamId, std::unique_ptr<Link>> links_;
    std::map<LinkKey, std::vector<FlowId>> pending_;
    using KnownHosts = std::map<std::pair<std::string, std::uint16_t>, Instant>;
    static void note(KnownHosts& hosts, KnownHosts::key_type host, Instant now);
    static bool knows(KnownHosts const& hosts, KnownHosts::key_type const& host, Instant now);
    KnownHosts http1_hosts_, http2_hosts_;
    std::vector<UpstreamId> over_;
    Timers timers_, silent_;
};

} // namespace osh::netproxy::core
