#pragma once
// The stack's send ring of one flow, as the place where TLS puts its records. Owned by the flow's
// session; the ring outlives both.

#include "netproxy/core/agent_side.h"
#include "netproxy/proxy/byte_sink.h"

#include <algorithm>
#include <cstring>

namespace osh::netproxy::core
{

class AgentSink final : public proxy::ByteSink
{
public:
    AgentSink(AgentSide& agent, FlowId flow) : agent_(agent), flow_(flow) {}

    std::size_t write(Bytes bytes) override
    {
        std::size_t sent = 0;
        while (sent < bytes.size()) {
            auto const space = agent_.send_space(flow_);
            if (space.empty())
                break;
            auto const count = std::min(space.size(), bytes.size() - sent);
            std::memcpy(space.data(), bytes.data() + sent, count);
            agent_.commit(flow_, count);
            sent += count;
        }
        return sent;
    }

private:
    AgentSide& agent_;
    FlowId flow_;
};

} // namespace osh::netproxy::core
