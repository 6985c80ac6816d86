#pragma once
// How the broker comes into being, from within the agent's process before it becomes the agent: a
// sibling made after the file rules and before everything that only the agent gets; then the filter
// whose questions it answers. Nothing of this is left in the agent afterwards.

#include "launcher/init/agent.h"

namespace osh::launcher
{

class BrokerStart
{
public:
    // Without something to guard nothing is started.
    static Result<std::optional<BrokerStart>> fork_off(AgentParts const& parts);
    // Installs the filter on this process, gives its listener to the broker and waits until it
    // serves. From then on no name is made without it.
    Result<> begin(Bytes filter);

private:
    sys::Fd channel_;
};

} // namespace osh::launcher
