#pragma once
// A core with a scripted agent: events in, commands out, no packet and no socket. Names, policy and
// TLS are the real ones.

#include "netproxy/core/core.h"
#include "netproxy/wire/dns.h"
#include "policy/base/diagnostic.h"
#include "policy/compile/policy.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <set>
#include <string>

namespace osh::netproxy::core::test
{

struct Side {
    std::string in, out; // from and to the agent
    bool is_accepted = false, is_refused = false, is_reset = false, is_finished = false;
    bool has_finished = false; // the agent's FIN
    stack::More more = stack::More::No;
    int expected_answers = 0;
    std::optional<stack::Unreachable> unreachable;
};

class ScriptedAgent final : public AgentSide
{
public:
    void accept(FlowId flow, Instant) override { sides[flow].is_accepted = true; }
    void refuse(FlowId flow) override { sides[flow].is_refused = true; }
    void refuse(FlowId flow, stack::Unreachable why) override { sides[flow].unreachable = why; }
    void reset(FlowId flow) override { sides[flow].is_reset = true; }
    void finish(FlowId flow) override { sides[flow].is_finished = true; }
    Bytes received(FlowId flow) const override { return bytes_of(sides.at(flow).in); }
    void consume(FlowId flow, std::size_t count) override { sides[flow].in.erase(0, count); }
    MutableBytes send_space(FlowId) override { return space; }
    void commit(FlowId flow, std::size_t count) override
    {
        sides[flow].out += text_of(Bytes(space).first(count));
    }
    void expect_more(FlowId flow, stack::More more) override { sides[flow].more = more; }
    void expect_answer(FlowId flow) override { ++sides[flow].expected_answers; }
    bool peer_finished(FlowId flow) const override { return sides.at(flow).has_finished; }
    std::uint64_t memory_left() const override { return held < memory ? memory - held : 0; }
    void hold_memory(std::uint64_t bytes) override { held += bytes; }
    void free_memory(std::uint64_t bytes) override { held -= bytes; }
    void answer_dns(
        std::uint64_t, stack::DnsReply reply, IpAddress const& address, std::uint32_t) override
    {
        replies.push_back({reply, address});
    }
    void answer_dns_name(std::uint64_t, std::string_view name) override
    {
        names.emplace_back(name);
    }
    void answer_dns_records(std::uint64_t, std::vector<wire::DnsRecord> const& given) override
    {
        records = given;
    }
    void send_udp(stack::FlowTuple const&, Bytes payload) override
    {
        datagrams.emplace_back(text_of(payload));
    }
    void refuse_udp(stack::FlowTuple const&, stack::Unreachable) override { ++refused_datagrams; }
    void refuse_udp_size(stack::FlowTuple const&, std::uint32_t mtu) override { told_mtu = mtu; }

    std::map<FlowId, Side> sides;
    std::vector<std::pair<stack::DnsReply, IpAddress>> replies;
    std::vector<std::string> names, datagrams;
    std::optional<std::vector<wire::DnsRecord>> records;
    std::vector<std::byte> space = std::vector<std::byte>(1024);
    std::uint64_t memory = 96u << 20, held = 0;
    int refused_datagrams = 0;
    std::uint32_t told_mtu = 0;
};

inline constexpr char const* kPolicy = R"(version: 1
network_policies:
  sites:
    name: sites
    endpoints:
      - host: rest.test
        ports: [80, 443]
        protocol: rest
        enforcement: enforce
        rules:
          - allow: { method: GET, path: "/ok/**" }
      - { host: raw.test, ports: [443, 2222] }
    binaries: [{ path: /usr/bin/curl }]
)";

inline std::shared_ptr<policy::Policy const> compiled(std::string const& text)
{
    auto result =
        policy::compile_policy({{"test.yaml", text, ""}}, policy::Enforcement::DefaultEnforce);
    EXPECT_NE(result.policy, nullptr) << render(result.diagnostics);
    return result.policy;
}

inline IpAddress ip(char const* text)
{
    return *IpAddress::parse(text);
}

inline policy::Holder holder(std::string exe, bool is_trusted = true)
{
    policy::Holder result;
    result.process.exe = std::move(exe);
    result.process.is_trusted_place = is_trusted;
    return result;
}

class Playbook : public ::testing::Test
{
protected:
    void start(WhenUnruled when = WhenUnruled::Deny, char const* policy = kPolicy)
    {
        agent_tls = *proxy::AgentTls::create("test", at.wall);
        upstream_tls = *proxy::UpstreamTls::create(agent_tls->ca_pem()); // some anchor
        settings.profile = "strict";
        settings.when_unruled = when;
        core.emplace(
            Core::Parts{agent, names, *agent_tls, *upstream_tls}, settings, compiled(policy));
    }

    // ---- what happens
    FlowId syn(IpAddress const& to, std::uint16_t port)
    {
        auto const id = next_flow++;
        agent.sides[id] = {};
        core->handle(stack::TcpOpened{id, {ip("192.0.0.2"), to, 40000, port}}, at);
        return id;
    }
    FlowId syn_to(std::string_view name, std::uint16_t port)
    {
        return syn(names.addresses_for(name, at.now)->v4, port);
    }
    void owned_by(FlowId flow, std::vector<policy::Holder> holders = {holder("/usr/bin/curl")})
    {
        owners[flow] = holders;
        core->owner_known({flow, std::move(holders)}, at);
    }
    FlowId open(std::string_view name, std::uint16_t port)
    {
        auto const id = syn_to(name, port);
        owned_by(id);
        return id;
    }
    // What init says when it is asked whether anybody has the socket still.
    void has_holder(FlowId flow, bool is_held)
    {
        policy::OwnerAnswer answer{flow, {}};
        answer.is_held = is_held;
        core->owner_known(answer, at);
    }
    void says(FlowId flow, std::string_view text)
    {
        agent.sides[flow].in += text;
        core->handle(stack::TcpReadable{flow}, at);
        collect();
    }
    void later(Duration duration)
    {
        at.now = at.now + duration;
        core->handle_time(at);
    }
    // Resolves and dials what the core asked for; returns the upstream, 0 if it did not ask.
    UpstreamId connects(char const* address = "45.77.0.2")
    {
        auto const look_up = one<Resolve>();
        if (!look_up)
            return 0;
        core->resolved(look_up->id, std::vector{ip(address)}, at);
        auto const dial = one<Dial>();
        if (!dial)
            return 0;
        core->dialled(dial->upstream, at);
        return dial->upstream;
    }
    void replies(UpstreamId upstream, std::string_view text)
    {
        auto const space = core->upstream_space(upstream);
        ASSERT_GE(space.size(), text.size());
        std::memcpy(space.data(), text.data(), text.size());
        core->received_from_upstream(upstream, text.size(), at);
    }

    // ---- what came of it
    template<typename C>
    std::optional<C> one()
    {
        collect();
        for (auto const& command : commands)
            if (auto const* found = std::get_if<C>(&command)) {
                auto const copy = *found;
                commands.erase(commands.begin() + (&command - commands.data()));
                return copy;
            }
        return std::nullopt;
    }
    template<typename W>
    std::optional<W> told()
    {
        collect();
        for (auto const& command : commands)
            if (auto const* word = std::get_if<Tell>(&command))
                if (auto const* found = std::get_if<W>(&word->message)) {
                    auto const copy = *found;
                    commands.erase(commands.begin() + (&command - commands.data()));
                    return copy;
                }
        return std::nullopt;
    }
    // The first line of the journal with this code.
    std::optional<policy::Decided> journalled(std::string_view code)
    {
        for (auto line = told<policy::Decided>(); line; line = told<policy::Decided>())
            if (line->code == code)
                return line;
        return std::nullopt;
    }
    // The second question about an owner gets the first answer, unless a test wants to give it.
    void collect()
    {
        for (auto fresh = core->take_commands(); !fresh.empty(); fresh = core->take_commands()) {
            for (auto& command : fresh) {
                auto const* ask = std::get_if<AskOwner>(&command);
                auto const known = ask ? owners.find(ask->query.id) : owners.end();
                if (ask && ask->query.depth == policy::OwnerDepth::Held && leaves_none)
                    has_holder(ask->query.id, !gone.contains(ask->query.id));
                else if (known != owners.end() && answers_again
                         && ask->query.depth != policy::OwnerDepth::Held)
                    core->owner_known({known->first, known->second}, at);
                else
                    commands.push_back(std::move(command));
            }
        }
    }
    Side& side(FlowId flow) { return agent.sides[flow]; }
    std::string upstream_text(UpstreamId id) { return std::string(text_of(core->to_upstream(id))); }

    Moment at{{1'000'000'000}, {1'800'000'000'000}};
    ScriptedAgent agent;
    stack::NamePool names{
        *AddressBlock::parse("198.18.0.0/15"), *AddressBlock::parse("fd6f:7368:1::/64"), 64};
    std::unique_ptr<proxy::AgentTls> agent_tls;
    std::unique_ptr<proxy::UpstreamTls> upstream_tls;
    Settings settings;
    std::optional<Core> core;
    std::vector<Command> commands;
    std::map<FlowId, std::vector<policy::Holder>> owners;
    bool answers_again = true;
    bool leaves_none = true; // questions of whether a client is there are answered
    std::set<FlowId> gone;   // sockets that nobody has any more
    FlowId next_flow = 1;
};

} // namespace osh::netproxy::core::test
