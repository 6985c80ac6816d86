#pragma once
// What the core wants from the user-space stack, and nothing else: the agent's half of every flow.
// The real one forwards to stack::Stack (stack_side.h); playbook tests bring a script.
// Semantics are those of stack/stack.h.

#include "netproxy/stack/stack.h"

namespace osh::netproxy::core
{

using stack::FlowId;

class AgentSide
{
public:
    virtual ~AgentSide() = default;

    virtual void accept(FlowId flow, Instant now) = 0;
    virtual void refuse(FlowId flow) = 0;
    virtual void refuse(FlowId flow, stack::Unreachable why) = 0;
    virtual void reset(FlowId flow) = 0;
    virtual void finish(FlowId flow) = 0;
    virtual Bytes received(FlowId flow) const = 0;
    virtual void consume(FlowId flow, std::size_t count) = 0;
    virtual MutableBytes send_space(FlowId flow) = 0;
    virtual void commit(FlowId flow, std::size_t count) = 0;
    virtual void expect_more(FlowId flow, stack::More more) = 0;
    virtual void expect_answer(FlowId flow) = 0;
    virtual bool peer_finished(FlowId flow) const = 0;

    // The bound that all buffers share: rings, and what the core holds for its flows. Holding may
    // go beyond it; then nothing is left.
    virtual std::uint64_t memory_left() const = 0;
    virtual void hold_memory(std::uint64_t bytes) = 0;
    virtual void free_memory(std::uint64_t bytes) = 0;

    virtual void answer_dns(std::uint64_t question, stack::DnsReply reply, IpAddress const& address,
        std::uint32_t ttl_seconds) = 0;
    virtual void answer_dns_name(std::uint64_t question, std::string_view name) = 0;
    // A reply: from the tuple's destination to its source.
    virtual void send_udp(stack::FlowTuple const& tuple, Bytes payload) = 0;
    virtual void refuse_udp(stack::FlowTuple const& tuple, stack::Unreachable why) = 0;
    virtual void refuse_udp_size(stack::FlowTuple const& tuple, std::uint32_t mtu) = 0;
};

} // namespace osh::netproxy::core
