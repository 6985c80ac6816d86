// Waits for a server that have an end of their own: its first frame of HTTP/2, and what a Close of
// a WebSocket waits for. Not: answers, events and messages, which may be a day apart. All waits
// stand in docs/netproxy.md.

#include "netproxy/core/core.h"

#include <utility>

namespace osh::netproxy::core
{
namespace
{

// RFC 9113 section 3.4: a server that has nothing to say there sends an empty one.
constexpr char const* kNoSettings = "it speaks HTTP/2 and did not send its SETTINGS";

} // namespace

// The connection is this flow's alone, and its server chose HTTP/2.
void Core::expect_settings(Flow& flow)
{
    flow.http1->speak_http2();
    flow.upstream.awaits_settings = true;
    timers_.set(flow.id, at_.now + kSettingsTimeout);
}

void Core::settings_came(Flow& flow)
{
    if (flow.http1->awaits_settings())
        return;
    flow.upstream.awaits_settings = false;
    timers_.clear(flow.id);
}

// All that rely on a shared connection that its server said nothing on: on another one they would
// wait as long.
void Core::leave_silent(Link& link)
{
    commands_.push_back(CloseUpstream{link.upstream.id, Ending::Finish});
    links_.mark_over(link);
    for (auto const id : link.http2.under_way())
        if (auto* flow = find(id))
            upstream_failed(*flow, DialFailure::TimedOut, kNoSettings);
    refuse_waiting(link, kNoSettings);
    weigh(link);
}

// The timer is set once for each kind of Close, whatever else moves meanwhile.
void Core::limit_closing(Flow& flow)
{
    auto const closing = flow.http->closing();
    if (std::exchange(flow.closing, closing) == closing)
        return;
    if (closing == proxy::Closing::No)
        timers_.clear(flow.id);
    else
        timers_.set(flow.id, at_.now + (closing == proxy::Closing::Ours ? kFrameTimeout : kLinger));
}

// True: what its timer was set for has happened. A Close that waits is left to timed_out(), after
// the journal has its reason.
bool Core::has_waited_enough(Flow& flow)
{
    if (flow.http == nullptr)
        return false;
    if (flow.closing == proxy::Closing::Ours)
        journal_faults(flow);
    if (!std::exchange(flow.upstream.awaits_settings, false))
        return false;
    upstream_failed(flow, DialFailure::TimedOut, kNoSettings);
    return true;
}

} // namespace osh::netproxy::core
