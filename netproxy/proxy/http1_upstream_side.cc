// What becomes of the upstream's answer. A fault before it began is told to the owner, who knows in
// which form the agent reads it; later the connection is cut, so that the agent sees that it is
// incomplete.
#include "netproxy/proxy/http1_machine.h"
#include "netproxy/proxy/trailers.h"

namespace osh::netproxy::proxy
{

namespace
{

constexpr int kContinue = 100;

} // namespace

std::size_t Http1Connection::Impl::answer_room() const
{
    auto const room = to_agent.room(limits.buffered);
    if (client().state() == Http1Client::State::Tunnel)
        return room;
    return cleaner.room(room > kChunkOverhead ? room - kChunkOverhead : 0);
}

void Http1Connection::Impl::informational(ParsedResponse const& response)
{
    bool const was_answered = response.status == kContinue && (wanted || !request.expects_continue);
    if (request.head.minor_version == 1 && !was_answered)
        write_informational(response);
}

Result<> Http1Connection::Impl::answer_head(ParsedResponse const& as_sent, Framing framing)
{
    auto response = as_sent;
    TRY(cleaner.begin(response, framing.kind));
    status = response.status;
    has_answer_begun = true;
    answer_framing = framing.kind;
    bool const loses_length = framing.kind == BodyKind::Length && !cleaner.keeps_length();
    if (framing.kind == BodyKind::UntilClose || loses_length)
        answer_framing = BodyKind::Chunked;
    // HTTP/1.0 has no chunks: the end of the connection ends the body.
    if (answer_framing == BodyKind::Chunked && request.head.minor_version == 0)
        answer_framing = BodyKind::UntilClose;
    if (agent != AgentState::Done || has_agent_ended)
        close_after = true; // an early answer: we do not wait for the rest of the body
    write_answer_head(response);
    if (agent == AgentState::Done)
        sent.reset(); // it cannot be asked again, and holds secrets
    return {};
}

void Http1Connection::Impl::answer_payload(Bytes payload)
{
    if (client().state() != UpstreamClient::State::Tunnel)
        write_answer_payload(payload);
    else if (agent == AgentState::Tunnel)
        socket->answer(payload); // else it has ended
}

void Http1Connection::Impl::answer_over(std::vector<HttpField> trailers)
{
    if (auto const ended = end_answer_body(passable_trailers(std::move(trailers), {})); !ended.ok())
        return answer_broken(ended.error().sentence);
    is_answer_over = true;
    maybe_end_exchange();
}

void Http1Connection::Impl::answer_broken(std::string why)
{
    upstream_fault = std::move(why);
    if (has_answer_begun)
        return cut();
    if (client().state() != UpstreamClient::State::Idle)
        client().finish(UpstreamClient::Outcome::GivenUp);
    agent = AgentState::Failed;
}

} // namespace osh::netproxy::proxy
