#pragma once
// AgentSide on the real stack: forwards, adds nothing.

#include "netproxy/core/agent_side.h"

namespace osh::netproxy::core
{

class StackSide final : public AgentSide
{
public:
    explicit StackSide(stack::Stack& stack) : stack_(stack) {}

    void accept(FlowId flow, Instant now) override { stack_.accept(flow, now); }
    void refuse(FlowId flow) override { stack_.refuse(flow); }
    void refuse(FlowId flow, stack::Unreachable why) override { stack_.refuse(flow, why); }
    void reset(FlowId flow) override { stack_.reset(flow); }
    void finish(FlowId flow) override { stack_.finish(flow); }
    Bytes received(FlowId flow) const override { return stack_.received(flow); }
    void consume(FlowId flow, std::size_t count) override { stack_.consume(flow, count); }
    MutableBytes send_space(FlowId flow) override { return stack_.send_space(flow); }
    void commit(FlowId flow, std::size_t count) override { stack_.commit(flow, count); }
    void expect_more(FlowId flow, stack::More more) override { stack_.expect_more(flow, more); }
    void expect_answer(FlowId flow) override { stack_.expect_answer(flow); }
    bool peer_finished(FlowId flow) const override { return stack_.peer_finished(flow); }
    std::uint64_t memory_left() const override { return stack_.memory_left(); }
    void hold_memory(std::uint64_t bytes) override { stack_.hold_memory(bytes); }
    void free_memory(std::uint64_t bytes) override { stack_.free_memory(bytes); }
    void answer_dns(std::uint64_t question, stack::DnsReply reply, IpAddress const& address,
        std::uint32_t ttl_seconds) override
    {
        stack_.answer_dns(question, reply, address, ttl_seconds);
    }
    void answer_dns_name(std::uint64_t question, std::string_view name) override
    {
        stack_.answer_dns_name(question, name);
    }
    void send_udp(stack::FlowTuple const& tuple, Bytes payload) override
    {
        stack_.send_udp(tuple, payload);
    }
    void refuse_udp(stack::FlowTuple const& tuple, stack::Unreachable why) override
    {
        stack_.refuse_udp(tuple, why);
    }
    void refuse_udp_size(stack::FlowTuple const& tuple, std::uint32_t mtu) override
    {
        stack_.refuse_udp_size(tuple, mtu);
    }

private:
    stack::Stack& stack_;
};

} // namespace osh::netproxy::core
