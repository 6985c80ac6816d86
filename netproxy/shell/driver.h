#pragma once
// The loop of osh-netproxy: waits, hands facts to the core, carries out its commands, writes
// packets. One thread; nothing blocks but the wait.

#include "netproxy/core/stack_side.h"
#include "netproxy/shell/datagrams.h"
#include "netproxy/shell/heap_trim.h"
#include "netproxy/shell/links.h"
#include "netproxy/shell/resolver.h"
#include "netproxy/shell/tun_device.h"
#include "netproxy/shell/upstreams.h"
#include "policy/compile/policy.h"

namespace osh::netproxy::shell
{

inline constexpr std::size_t kMaxHosts = 16u << 20; // bytes of hosts(5)

// What the first message brought, read and compiled.
struct Start {
    std::unique_ptr<proxy::AgentTls> agent_tls; // made before
    policy::Setup setup;
    sys::Fd tun, init;
    std::string anchors, hosts;
    std::shared_ptr<policy::Policy const> policy;
};

// The first word: init puts the certificate where programs look while the rest gets ready.
Result<> say_authority(sys::Fd const& supervisor, proxy::AgentTls const& agent_tls);

// Waits for Setup on the supervisor's channel (blocking) and reads what comes with it.
Result<Start> receive_start(sys::Fd const& supervisor);

// Layers in a memfd -> policy; the error holds all rendered diagnostics.
Result<std::shared_ptr<policy::Policy const>> compile_layers(
    sys::Fd const& memfd, bool default_enforce);

class Driver
{
public:
    static Result<std::unique_ptr<Driver>> create(Start start, sys::Fd supervisor);
    ~Driver();

    Result<> say_ready();
    // Returns when the supervisor said Stop, or with the reason that ends the session.
    Result<> run();

private:
    Driver(Start start, sys::Fd supervisor, sys::EventLoop loop);

    Result<> watch();
    core::Moment moment();
    Result<> turn();
    void take_packet(Bytes packet, Instant now);
    void take_orders();
    void take_order(FromSupervisor order);
    void swap(policy::PolicyUpdate const& update, std::vector<sys::Fd> const& descriptors);
    void reload(policy::Resolvers const& now, std::vector<sys::Fd> const& descriptors);
    void say_last_words();
    void take_owners();
    void settle();
    void carry_out(core::Command& command);
    void ask_init(policy::OwnerQuery const& query);
    void say_words();
    void note(Result<> const& outcome); // a failure that ends the session
    Instant next_deadline() const;
    void notice_limit(core::Moment at);
    void watch_tun();

    policy::Setup setup_;
    std::string anchors_; // the upstream TLS side reads it lazily
    sys::EventLoop loop_;
    Link supervisor_, init_;
    TunDevice tun_;
    sys::WatchId tun_watch_ = 0;
    bool tun_waits_for_write_ = false;
    HeapTrim heap_;
    stack::Stack stack_;
    core::StackSide side_;
    stack::NamePool names_;
    std::unique_ptr<proxy::AgentTls> agent_tls_;
    std::unique_ptr<proxy::UpstreamTls> upstream_tls_;
    std::unique_ptr<Resolver> resolver_;
    std::shared_ptr<policy::Policy const> policy_;
    std::unique_ptr<core::Core> core_;
    std::unique_ptr<DialGuard> guard_;
    std::unique_ptr<Upstreams> upstreams_;
    std::unique_ptr<Datagrams> datagrams_;
    std::vector<stack::Event> events_; // of settle(): their memory is used again
    std::vector<core::Command> commands_;
    std::vector<policy::FromNetproxy> words_; // for the supervisor, once the packets are out
    struct {
        Instant read_at{};
        WallTime time{};
    } wall_;                       // asked for many times per request, read some times a second
    std::size_t asked_owners_ = 0; // of init, not answered yet
    std::uint64_t flows_told_ = 0;
    Instant next_flows_notice_{};
    bool has_dialled_ = false; // in this turn
    bool has_stopped_ = false;
    Result<> ending_;
};

} // namespace osh::netproxy::shell
