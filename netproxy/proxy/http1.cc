// Http1Connection: the doors of the state machine in http1_machine.h.
#include "netproxy/proxy/http1_machine.h"

#include "policy/base/check.h"

namespace osh::netproxy::proxy
{

Http1Connection::Http1Connection(Http1Limits const& limits, HttpScheme scheme)
    : impl_(std::make_unique<Impl>(limits, scheme))
{
}

Http1Connection::~Http1Connection() = default;

std::size_t Http1Connection::agent_bytes(Bytes bytes)
{
    return impl_->take_agent(bytes);
}

void Http1Connection::agent_ended()
{
    impl_->agent_ended();
}

std::size_t Http1Connection::upstream_bytes(Bytes bytes)
{
    return impl_->client().take(bytes);
}

void Http1Connection::upstream_ended(bool cleanly)
{
    impl_->client().ended(cleanly);
}

void Http1Connection::speak_http2()
{
    impl_->speak_http2();
}

void Http1Connection::upstream_is_gone()
{
    impl_->is_upstream_gone = true;
}

bool Http1Connection::is_unanswered() const
{
    return !impl_->client().has_spoken();
}

void Http1Connection::set_time(Instant now)
{
    if (impl_->http2)
        impl_->http2->set_time(now);
}

bool Http1Connection::awaits_settings() const
{
    return impl_->http2 && impl_->http2->awaits_settings();
}

void Http1Connection::answer_through(ByteSink* next)
{
    impl_->next_step = next;
}

std::size_t Http1Connection::agent_room() const
{
    return impl_->agent_room();
}

std::size_t Http1Connection::upstream_room() const
{
    return impl_->client().room();
}

RequestHead const* Http1Connection::waiting() const
{
    return impl_->agent == Impl::AgentState::Waiting ? &impl_->request.head : nullptr;
}

RequestHead const& Http1Connection::asked() const
{
    return impl_->request.head;
}

void Http1Connection::want_body(std::size_t limit)
{
    OSH_CHECK(waiting() != nullptr);
    if (impl_->wanted)
        return;
    impl_->wanted = limit;
    bool const has_length = impl_->request.framing.kind == BodyKind::Length;
    if ((has_length && impl_->request.framing.length > limit) || impl_->kept.size() > limit)
        impl_->is_too_large = true;
    else if (impl_->request.expects_continue && !impl_->wanted_start)
        impl_->to_agent.append("HTTP/1.1 100 Continue\r\n\r\n");
}

std::optional<std::string_view> Http1Connection::body() const
{
    bool const is_complete = impl_->wanted && !impl_->is_too_large && impl_->request_body.is_done();
    if (!is_complete)
        return std::nullopt;
    return impl_->kept;
}

void Http1Connection::want_start(std::size_t limit)
{
    OSH_CHECK(waiting() != nullptr);
    if (impl_->wanted || impl_->wanted_start)
        return;
    impl_->wanted_start = limit;
    if (impl_->request.expects_continue)
        impl_->to_agent.append("HTTP/1.1 100 Continue\r\n\r\n");
}

BodyStart Http1Connection::body_start() const
{
    return {impl_->kept, impl_->request_body.is_done(), impl_->keepable() == 0};
}

bool Http1Connection::body_is_too_large() const
{
    return impl_->is_too_large;
}

void Http1Connection::forward(Forward plan)
{
    OSH_CHECK(waiting() != nullptr);
    impl_->forward(std::move(plan));
}

void Http1Connection::answer(LocalAnswer const& reply)
{
    OSH_CHECK(waiting() != nullptr);
    impl_->answer(reply);
}

bool Http1Connection::may_send_again() const
{
    auto const& head = impl_->request.head;
    bool const is_idempotent =
        head.method == "GET" || head.method == "HEAD" || head.method == "OPTIONS";
    return needs_upstream() && impl_->client().state() == Http1Client::State::Head
           && !impl_->client().has_spoken() && is_idempotent && !head.has_body;
}

void Http1Connection::send_again()
{
    OSH_CHECK(may_send_again());
    impl_->send_again();
}

bool Http1Connection::has_untold_fault() const
{
    return impl_->agent == Impl::AgentState::Failed;
}

void Http1Connection::fail_with(LocalAnswer const& reply)
{
    if (has_untold_fault())
        return impl_->answer(reply);
    if (!needs_upstream() || is_tunnel() || impl_->has_answer_begun)
        return impl_->cut();
    impl_->answer(reply);
}

Bytes Http1Connection::to_agent() const
{
    return impl_->to_agent.view();
}

void Http1Connection::consume_to_agent(std::size_t count)
{
    impl_->to_agent.consume(count);
}

Bytes Http1Connection::to_upstream() const
{
    return impl_->client().to_upstream();
}

void Http1Connection::consume_to_upstream(std::size_t count)
{
    impl_->client().consume_to_upstream(count);
}

bool Http1Connection::needs_upstream() const
{
    if (is_tunnel() && impl_->is_finished)
        return !to_upstream().empty();
    return impl_->client().state() != Http1Client::State::Idle;
}

bool Http1Connection::upstream_is_reusable() const
{
    return impl_->client().is_reusable();
}

bool Http1Connection::is_finished() const
{
    return impl_->is_finished;
}

std::string const& Http1Connection::refusal() const
{
    return impl_->refusal;
}

std::string const& Http1Connection::upstream_fault() const
{
    return impl_->upstream_fault;
}

std::size_t Http1Connection::held() const
{
    auto const& self = *impl_;
    return sizeof self + self.request_text.capacity() + self.kept.capacity() + self.to_agent.held()
           + self.client().held() + (self.socket ? self.socket->held() : 0);
}

bool Http1Connection::was_cut() const
{
    return impl_->was_cut;
}

bool Http1Connection::is_tunnel() const
{
    return impl_->client().state() == Http1Client::State::Tunnel;
}

int Http1Connection::response_status() const
{
    return impl_->status;
}

} // namespace osh::netproxy::proxy
