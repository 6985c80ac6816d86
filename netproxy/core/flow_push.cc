// A push over HTTP whose refs a rule of the policy looks at: the first bytes of its body are read
// before the verdict, within kPushStart; the rest follows after it, in constant memory.

#include "netproxy/core/core.h"

namespace osh::netproxy::core
{

void Core::begin_push(Flow& flow, proxy::RequestHead const& head)
{
    flow.push = std::make_unique<PushStart>(head);
    flow.http->want_start(kPushStart);
    timers_.set(flow.id, at_.now + kHeadTimeout);
}

// False: more of it has to come first.
bool Core::read_push(Flow& flow)
{
    if (flow.push->is_reading())
        flow.push->read(flow.http->body_start());
    return !flow.push->is_reading();
}

// What cannot be read is refused in every mode.
void Core::refuse_unread_push(Flow const& flow, policy::Verdict& verdict)
{
    if (!verdict.needs_push || !flow.push)
        return;
    verdict.needs_push = false;
    verdict.decision = policy::Decision::Deny;
    verdict.code = policy::DenyCode::BadRequest;
    verdict.reason = flow.push->fault();
}

} // namespace osh::netproxy::core
