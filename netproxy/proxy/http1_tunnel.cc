// After a 101: bytes both ways, and of a WebSocket that is judged the agent's messages one by one.
// Compression is agreed on only in the one form that the gate can read: permessage-deflate, each
// message of the client for itself (RFC 7692 section 7.1.1.2).
#include "netproxy/proxy/http1_machine.h"

#include "policy/base/check.h"
#include "policy/base/text.h"

#include <algorithm>
#include <utility>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::string_view kExtensions = "sec-websocket-extensions";
constexpr std::string_view kDeflate = "permessage-deflate";
constexpr std::string_view kForItself = "client_no_context_takeover";

// The extensions in all fields of that name, each with its parameters.
std::vector<std::string> extensions_in(std::vector<HttpField> const& fields)
{
    std::vector<std::string> found;
    for (auto const& field : fields) {
        if (!equals_ignoring_case(field.name, kExtensions))
            continue;
        for (auto const part : split(field.value, ','))
            if (!trimmed(part).empty())
                found.emplace_back(trimmed(part));
    }
    return found;
}

bool is_deflate(std::string_view extension)
{
    return equals_ignoring_case(trimmed(extension.substr(0, extension.find(';'))), kDeflate);
}

void drop_extensions(std::vector<HttpField>& fields)
{
    std::erase_if(fields,
        [](HttpField const& field) { return equals_ignoring_case(field.name, kExtensions); });
}

} // namespace

void HttpExchange::pass_message(std::optional<std::string>)
{
    OSH_CHECK(message() != nullptr);
}

bool HttpExchange::close_tunnel(CloseCode, std::string_view)
{
    return false;
}

TunnelMessage const* Http1Connection::message() const
{
    bool const is_open = impl_->gate && impl_->close_frame.empty();
    return is_open ? impl_->gate->waiting() : nullptr;
}

void Http1Connection::pass_message(std::optional<std::string> instead)
{
    OSH_CHECK(message() != nullptr);
    impl_->gate->pass(std::move(instead));
    impl_->gate_has_moved();
}

bool Http1Connection::close_tunnel(CloseCode code, std::string_view reason)
{
    if (!impl_->gate || impl_->agent != Impl::AgentState::Tunnel)
        return false;
    impl_->close_tunnel(code, reason);
    return true;
}

// Only what can be read may be agreed on; of a server that could echo a secret nothing compressed
// can be.
void Http1Connection::Impl::offer_extensions(Forward& plan)
{
    std::string offers;
    bool const hides_secrets = has_secrets(plan);
    for (auto const& extension : extensions_in(plan.fields))
        if (is_deflate(extension) && !hides_secrets)
            offers += (offers.empty() ? "" : ", ") + extension;
    drop_extensions(plan.fields);
    was_deflate_offered = !offers.empty();
    if (was_deflate_offered)
        plan.fields.push_back({"Sec-WebSocket-Extensions", std::move(offers)});
}

// The server's answer to the offer, as the agent is to understand it.
Result<ParsedResponse> Http1Connection::Impl::agreed(ParsedResponse response)
{
    if (!reads_messages)
        return response;
    if (cleaner.is_active())
        answer_scrub.emplace(Scrubber(sent->plan.scrub, sent->plan.scrub_with));
    auto const extensions = extensions_in(response.fields);
    if (extensions.empty()) {
        gate.emplace(Deflate::No);
        return response;
    }
    if (!was_deflate_offered || extensions.size() > 1 || !is_deflate(extensions[0]))
        return fail(Errc::Unsupported, "it agreed on a WebSocket extension that was not offered");
    auto terms = extensions[0];
    if (to_lower_ascii(terms).find(kForItself) == std::string::npos)
        terms.append("; ").append(kForItself);
    drop_extensions(response.fields);
    response.fields.push_back({"Sec-WebSocket-Extensions", std::move(terms)});
    gate.emplace(Deflate::Yes);
    return response;
}

std::size_t Http1Connection::Impl::take_tunnel(Bytes bytes)
{
    if (!gate) {
        client().tunnel(bytes);
        return bytes.size();
    }
    if (!close_frame.empty())
        return bytes.size(); // closing: nothing more goes through
    auto const taken = gate->take(bytes);
    gate_has_moved();
    return gate->fault() ? bytes.size() : taken;
}

void Http1Connection::Impl::gate_has_moved()
{
    client().tunnel(bytes_of(gate->take_output()));
    if (auto const& fault = gate->fault(); fault && close_frame.empty()) {
        refusal = fault->why;
        close_tunnel(fault->code, fault->why);
    }
}

void Http1Connection::Impl::tunnel_payload(Bytes payload)
{
    if (agent != AgentState::Tunnel)
        return; // it has ended
    if (!gate)
        return to_agent.append(payload);
    if (answer_scrub)
        return scrubbed_payload(payload);
    while (!payload.empty() && agent == AgentState::Tunnel) {
        auto const count = answer_frames.next(payload);
        to_agent.append(payload.first(count));
        payload = payload.subspan(count);
        close_when_possible();
    }
}

void Http1Connection::Impl::scrubbed_payload(Bytes payload)
{
    std::string frames;
    answer_scrub->feed(payload, frames);
    to_agent.append(frames);
    auto const fault = answer_scrub->fault();
    if (fault.empty() || !close_frame.empty())
        return;
    upstream_fault = fault;
    close_tunnel(CloseCode::Protocol, fault);
}

void Http1Connection::Impl::close_tunnel(CloseCode code, std::string_view reason)
{
    gate->append_close(code);
    client().tunnel(bytes_of(gate->take_output()));
    if (close_frame.empty())
        append_frame(close_frame, Opcode::Close, close_payload(code, reason), nullptr);
    close_when_possible();
}

// Between two frames of the server, so that the agent can read it.
void Http1Connection::Impl::close_when_possible()
{
    bool const is_between = answer_scrub || answer_frames.is_between_frames();
    if (close_frame.empty() || !is_between)
        return;
    to_agent.append(close_frame);
    finish();
}

} // namespace osh::netproxy::proxy
