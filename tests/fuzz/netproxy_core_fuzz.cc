// The whole of netproxy but its system calls: stack and core together, driven by packets, answers
// of init, resolver and upstreams, orders of the supervisor, and time, in any order. What must
// hold: no crash, bounds, nothing is dialled that may never be, nobody is answered before the owner
// is known, and once the world falls silent every flow ends.

#include "netproxy/core/core.h"
#include "netproxy/core/stack_side.h"
#include "netproxy/stack/packet.h"
#include "netproxy/wire/ip.h"
#include "netproxy/wire/tcp.h"
#include "netproxy/wire/virtio_net.h"
#include "policy/base/check.h"
#include "policy/compile/policy.h"
#include "policy/model/address_class.h"

#include <cstring>
#include <deque>

namespace osh::netproxy::core
{
namespace
{

constexpr std::size_t kMostSteps = 256, kPorts = 8;
constexpr std::uint32_t kMostFlows = 6;

constexpr std::array<char const*, 3> kPolicies{R"(version: 1
network_policies:
  anyone:
    endpoints:
      - { host: open.test, ports: [80, 2222] }
      - { host: "45.77.0.9", port: 2222 }
      - { host: rest.test, port: 80, protocol: rest, enforcement: enforce, access: full }
    binaries: [{ path: "/**" }]
)",
    R"(version: 1
network_policies:
  somebody:
    endpoints:
      - { host: open.test, ports: [80, 2222] }
      - { host: rest.test, port: 80, protocol: rest, enforcement: enforce, access: read-only }
    binaries: [{ path: /usr/bin/curl }]
)",
    "version: 1\n"};

constexpr std::array<std::string_view, 6> kWords{"GET /ok HTTP/1.1\r\nHost: rest.test\r\n\r\n",
    "POST /x HTTP/1.1\r\nHost: rest.test\r\nContent-Length: 5\r\n\r\nhello", "SSH-2.0-x\r\n",
    "\x16\x03\x01\x00\x05\x01\x00\x00\x01\x00", "GET / HT",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"};

std::shared_ptr<policy::Policy const> compiled(std::size_t which)
{
    static auto const all = [] {
        std::array<std::shared_ptr<policy::Policy const>, kPolicies.size()> made;
        for (std::size_t i = 0; i < made.size(); ++i)
            made[i] = policy::compile_policy(
                {{"fuzz.yaml", kPolicies[i], ""}}, policy::Enforcement::DefaultEnforce)
                          .policy;
        return made;
    }();
    return all[which % all.size()];
}

proxy::AgentTls& agent_tls()
{
    static auto const one = *proxy::AgentTls::create("fuzz", WallTime{1'800'000'000'000});
    return *one;
}

proxy::UpstreamTls& upstream_tls()
{
    static auto const one = *proxy::UpstreamTls::create(agent_tls().ca_pem());
    return *one;
}

policy::Holder holder(char const* exe, bool is_trusted)
{
    policy::Holder made;
    made.process.exe = exe;
    made.process.is_trusted_place = is_trusted;
    return made;
}

class Machine
{
public:
    explicit Machine(Bytes input) : in_(input)
    {
        settings_.when_unruled = static_cast<WhenUnruled>(byte() % 3);
        settings_.udp_by_policy = byte() % 2 == 0;
        core_.emplace(
            Core::Parts{side_, names_, agent_tls(), upstream_tls()}, settings_, compiled(byte()));
    }

    void run()
    {
        for (std::size_t step = 0; step < kMostSteps && !in_.is_empty(); ++step) {
            do_step(byte());
            settle();
            OSH_CHECK(stack_.flow_count() <= kMostFlows);
        }
        fall_silent();
    }

private:
    static stack::Limits limits()
    {
        stack::Limits limits;
        limits.max_flows = kMostFlows;
        limits.receive_ring = limits.send_ring = 20'000;
        limits.total_buffer_bytes = 400'000;
        return limits;
    }

    std::uint8_t byte()
    {
        auto const value = in_.u8();
        return value.ok() ? *value : std::uint8_t{0};
    }
    Bytes word() { return bytes_of(kWords[byte() % kWords.size()]); }

    void do_step(std::uint8_t kind)
    {
        switch (kind % 12) {
        case 0:
        case 1:
        case 2: return segment();
        case 3: return owner();
        case 4: return resolve();
        case 5: return dial();
        case 6: return upstream_bytes();
        case 7: return upstream_sends();
        case 8: return upstream_ends();
        case 9: return pass(std::chrono::milliseconds(byte() * 40));
        case 10: return core_->swap_policy(compiled(byte()), at_);
        default: return answer();
        }
    }

    IpAddress destination(unsigned which)
    {
        switch (which % 4) {
        case 0: return names_.addresses_for("open.test", at_.now)->v4;
        case 1: return names_.addresses_for("rest.test", at_.now)->v6;
        case 2: return *IpAddress::parse("45.77.0.9");
        default: return names_.addresses_for("other.test", at_.now)->v4;
        }
    }

    // A segment of one of a few connections, with numbers near those that count.
    void segment()
    {
        unsigned const which = byte() % kPorts;
        auto const to = destination(which);
        wire::TcpHeader header;
        header.source_port = static_cast<std::uint16_t>(1000 + which);
        header.destination_port = which < 4 ? 80 : 2222;
        header.flags = byte();
        header.sequence = their_next_[which] + (byte() % 8 == 0 ? 100 : 0);
        header.acknowledgement = our_next_[which];
        header.window = static_cast<std::uint16_t>(byte() << 6);
        bool const is_syn = (header.flags & wire::kSyn) != 0;
        Bytes const payload = is_syn ? Bytes{} : word();
        if (is_syn)
            their_next_[which] = header.sequence + 1;
        auto const from = *IpAddress::parse(to.is_v4() ? "10.0.2.15" : "fd00::15");
        stack::PacketOut out;
        put_tcp_packet(out, {from, to}, {header, payload.size(), 65535});
        std::vector<std::byte> packet(
            out.header.begin(), out.header.begin() + static_cast<std::ptrdiff_t>(out.header_size));
        packet.insert(packet.end(), payload.begin(), payload.end());
        stack_.handle_packet(packet, at_.now);
    }

    template<typename T>
    static std::optional<T> taken(std::deque<T>& queue)
    {
        if (queue.empty())
            return std::nullopt;
        T first = std::move(queue.front());
        queue.pop_front();
        return first;
    }

    void owner()
    {
        auto const ask = taken(asked_);
        if (!ask)
            return;
        policy::OwnerAnswer known{ask->query.id, {}};
        auto const word = byte();
        auto const how = word % 4;
        known.is_held = word < 192;
        if (how != 0)
            known.holders.push_back(holder(how == 1 ? "/tmp/x" : "/usr/bin/curl", how != 1));
        if (how == 3)
            known.holders.push_back(holder("/usr/bin/git", true));
        known_owners_.push_back(ask->query.source_port);
        core_->owner_known(known, at_);
    }

    void resolve()
    {
        auto const look_up = taken(resolves_);
        if (!look_up)
            return;
        constexpr std::array<char const*, 4> kFound{
            "45.77.0.2", "127.0.0.1", "169.254.169.254", "2a01:4f8::1"};
        auto const which = byte() % 5;
        if (which == 4)
            core_->resolved(look_up->id, fail(Errc::NotFound, "no such name"), at_);
        else
            core_->resolved(look_up->id, std::vector{*IpAddress::parse(kFound[which])}, at_);
    }

    void dial()
    {
        auto const one = taken(dials_);
        if (!one)
            return;
        if (byte() % 4 == 0)
            return core_->dial_failed(one->upstream, DialFailure::Refused, "refused", at_);
        open_.push_back(one->upstream);
        core_->dialled(one->upstream, at_);
    }

    UpstreamId upstream() { return open_.empty() ? 0 : open_[byte() % open_.size()]; }

    void upstream_bytes()
    {
        auto const id = upstream();
        auto const space = core_->upstream_space(id);
        auto const bytes = word();
        auto const count = std::min(space.size(), bytes.size());
        if (count > 0)
            std::memcpy(space.data(), bytes.data(), count);
        core_->received_from_upstream(id, count, at_);
    }

    void upstream_sends()
    {
        auto const id = upstream();
        auto const bytes = core_->to_upstream(id);
        core_->sent_upstream(id, std::min<std::size_t>(bytes.size(), byte() * 16u), at_);
    }

    void upstream_ends()
    {
        auto const id = upstream();
        std::erase(open_, id);
        core_->upstream_ended(id, byte() % 2 == 0 ? Ending::Finish : Ending::Reset, at_);
    }

    void answer()
    {
        if (auto const id = taken(questions_))
            core_->answered({*id, byte() % 2 == 0, "", "q"}, at_);
    }

    void pass(Duration time)
    {
        at_.now = at_.now + time;
        stack_.handle_time(at_.now);
        core_->handle_time(at_);
    }

    void settle()
    {
        for (bool is_busy = true; is_busy;) {
            auto const events = stack_.take_events();
            for (auto const& event : events)
                core_->handle(event, at_);
            auto commands = core_->take_commands();
            for (auto& command : commands)
                note(command);
            is_busy = !events.empty() || !commands.empty();
        }
        stack::PacketOut out;
        for (int count = 0; stack_.next_packet(out, at_.now); ++count) {
            OSH_CHECK(count < 4096);
            look_at(out);
        }
    }

    void note(Command& command)
    {
        if (auto* ask = std::get_if<AskOwner>(&command)) {
            asked_.push_back(*ask);
        } else if (auto* look_up = std::get_if<Resolve>(&command)) {
            resolves_.push_back(std::move(*look_up));
        } else if (auto* one = std::get_if<Dial>(&command)) {
            for (auto const& address : one->addresses)
                OSH_CHECK(policy::classify(address).kind == policy::AddressKind::Public);
            dials_.push_back(std::move(*one));
        } else if (auto* close = std::get_if<CloseUpstream>(&command)) {
            std::erase(open_, close->upstream);
            std::erase_if(dials_, [&](auto const& d) { return d.upstream == close->upstream; });
        } else if (auto* tell = std::get_if<Tell>(&command)) {
            if (auto const* question = std::get_if<policy::Question>(&tell->message))
                questions_.push_back(question->id);
        }
    }

    void look_at(stack::PacketOut const& out)
    {
        std::vector<std::byte> packet(
            out.header.begin(), out.header.begin() + static_cast<std::ptrdiff_t>(out.header_size));
        for (Bytes const part : out.payload)
            packet.insert(packet.end(), part.begin(), part.end());
        auto const ip = wire::parse_ip(Bytes(packet).subspan(wire::kVirtioNetHeaderSize));
        OSH_CHECK(ip.has_value());
        auto const tcp =
            ip->protocol == wire::kProtocolTcp ? wire::parse_tcp(ip->payload) : std::nullopt;
        if (!tcp)
            return;
        unsigned const which = (tcp->destination_port - 1000u) % kPorts;
        our_next_[which] = tcp->sequence + static_cast<std::uint32_t>(tcp->payload.size())
                           + (tcp->has(wire::kSyn) || tcp->has(wire::kFin) ? 1 : 0);
        if (tcp->has(wire::kAck))
            their_next_[which] = tcp->acknowledgement;
        // An accepted handshake: somebody must have said whose it is.
        if (tcp->has(wire::kSyn))
            OSH_CHECK(
                std::ranges::find(known_owners_, tcp->destination_port) != known_owners_.end());
    }

    void fall_silent()
    {
        for (int i = 0; i < 400 && stack_.flow_count() + core_->flow_count() > 0; ++i) {
            pass(i < 40 ? Duration(30s) : Duration(120s));
            settle();
        }
        OSH_CHECK(stack_.flow_count() == 0 && core_->flow_count() == 0);
    }

    ByteReader in_;
    Moment at_{{1'000'000'000}, {1'800'000'000'000}};
    stack::Stack stack_{{*IpAddress::parse("10.0.2.2"), *IpAddress::parse("fd00::2"),
                            *IpAddress::parse("10.0.2.15"), *IpAddress::parse("fd00::15")},
        limits(), 1};
    StackSide side_{stack_};
    stack::NamePool names_{*AddressBlock::parse("198.19.0.0/16"),
        *AddressBlock::parse("fd6f:7368:1::/64"), 16,
        stack::PassingBlocks{
            *AddressBlock::parse("244.0.0.0/6"), *AddressBlock::parse("fd6f:7368:2::/64"), 4}};
    Settings settings_;
    std::optional<Core> core_;
    std::deque<AskOwner> asked_;
    std::deque<Resolve> resolves_;
    std::deque<Dial> dials_;
    std::deque<std::uint64_t> questions_;
    std::vector<UpstreamId> open_;
    std::vector<std::uint16_t> known_owners_;
    std::array<std::uint32_t, kPorts> our_next_{}, their_next_{};
};

} // namespace
} // namespace osh::netproxy::core

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    osh::netproxy::core::Machine(std::as_bytes(std::span(data, size))).run();
    return 0;
}
