// Compression is agreed on only in the one form that the gate can read: permessage-deflate, each
// message of the client for itself (RFC 7692 section 7.1.1.2).
#include "netproxy/proxy/websocket_tunnel.h"

#include "netproxy/proxy/http1_client.h"

#include "policy/base/check.h"
#include "policy/base/text.h"

#include <algorithm>
#include <utility>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::string_view kExtensions = "Sec-WebSocket-Extensions";
constexpr std::string_view kDeflate = "permessage-deflate";
constexpr std::string_view kForItself = "client_no_context_takeover";
constexpr std::string_view kClientBits = "client_max_window_bits";

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

// The names of its parameters, in lower case.
std::vector<std::string> parameters_of(std::string_view extension)
{
    std::vector<std::string> names;
    for (auto const part : split(extension, ';'))
        names.push_back(to_lower_ascii(trimmed(part.substr(0, part.find('=')))));
    names.erase(names.begin()); // its own
    return names;
}

bool has_parameter(std::string_view extension, std::string_view name)
{
    return std::ranges::count(parameters_of(extension), name) > 0;
}

// Which parameters a server may agree on unasked: RFC 7692 section 7.1. Quoted values that look
// like more of them are none of those.
bool may_answer(std::string_view extension, bool takes_client_bits)
{
    return std::ranges::all_of(parameters_of(extension), [&](std::string const& name) {
        return name == kForItself || name == "server_no_context_takeover"
               || name == "server_max_window_bits" || (name == kClientBits && takes_client_bits);
    });
}

void drop_extensions(std::vector<HttpField>& fields)
{
    std::erase_if(fields,
        [](HttpField const& field) { return equals_ignoring_case(field.name, kExtensions); });
}

} // namespace

WebSocketTunnel::WebSocketTunnel(Forward& plan, TunnelEnds& ends)
    : ends_(ends), reads_messages_(plan.reads_messages)
{
    if (!reads_messages_)
        return;
    if (Scrubber scrubber(plan.scrub); scrubber.is_active())
        scrub_.emplace(std::move(scrubber));
    offer(plan);
}

// Only what can be read may be agreed on; of a server that could echo a secret nothing compressed
// can be.
void WebSocketTunnel::offer(Forward& plan)
{
    std::string offers;
    bool const hides_secrets = has_secrets(plan);
    for (auto const& extension : extensions_in(plan.fields))
        if (is_deflate(extension) && !hides_secrets) {
            offers += (offers.empty() ? "" : ", ") + extension;
            takes_client_bits_ = takes_client_bits_ || has_parameter(extension, kClientBits);
        }
    drop_extensions(plan.fields);
    was_deflate_offered_ = !offers.empty();
    if (was_deflate_offered_)
        plan.fields.push_back({std::string(kExtensions), std::move(offers)});
}

Result<ParsedResponse> WebSocketTunnel::agreed(ParsedResponse response)
{
    if (!reads_messages_)
        return response;
    auto const extensions = extensions_in(response.fields);
    if (extensions.empty()) {
        gate_.emplace(Deflate::No);
        return response;
    }
    if (!was_deflate_offered_ || extensions.size() > 1 || !is_deflate(extensions[0])
        || !may_answer(extensions[0], takes_client_bits_))
        return fail(Errc::Unsupported, "it agreed on a WebSocket extension that was not offered");
    auto terms = extensions[0];
    if (!has_parameter(terms, kForItself))
        terms.append("; ").append(kForItself);
    drop_extensions(response.fields);
    response.fields.push_back({std::string(kExtensions), std::move(terms)});
    gate_.emplace(Deflate::Yes);
    return response;
}

std::size_t WebSocketTunnel::take(Bytes bytes)
{
    if (is_closing())
        return bytes.size(); // nothing more goes through
    if (!gate_) {
        ends_.tunnel_to_upstream(bytes);
        return bytes.size();
    }
    auto const taken = gate_->take(bytes);
    gate_has_moved();
    return gate_->fault() ? bytes.size() : taken;
}

Closing WebSocketTunnel::closing() const
{
    if (is_closing())
        return Closing::Ours;
    return has_agent_closed() ? Closing::Agents : Closing::No;
}

TunnelMessage const* WebSocketTunnel::message() const
{
    return gate_ && !is_closing() ? gate_->waiting() : nullptr;
}

void WebSocketTunnel::pass(std::optional<std::string> instead)
{
    OSH_CHECK(message() != nullptr);
    gate_->pass(std::move(instead));
    gate_has_moved();
}

void WebSocketTunnel::gate_has_moved()
{
    if (auto const frames = gate_->take_output(); !frames.empty())
        ends_.tunnel_to_upstream(bytes_of(frames));
    if (auto const& fault = gate_->fault(); fault && !is_closing()) {
        refusal_ = fault->why;
        close(fault->code, fault->why);
    }
}

void WebSocketTunnel::answer(Bytes bytes)
{
    if (!gate_)
        return ends_.tunnel_to_agent(bytes);
    if (scrub_)
        return answer_scrubbed(bytes);
    while (!bytes.empty() && !is_closed_) {
        auto const count = answer_frames_.next(bytes);
        ends_.tunnel_to_agent(bytes.first(count));
        bytes = bytes.subspan(count);
        close_when_possible();
    }
}

void WebSocketTunnel::answer_scrubbed(Bytes bytes)
{
    if (is_closed_)
        return;
    std::string frames;
    scrub_->feed(bytes, frames);
    ends_.tunnel_to_agent(bytes_of(frames));
    auto const fault = scrub_->fault();
    if (fault.empty() || is_closing())
        return;
    upstream_fault_ = fault;
    close(CloseCode::Protocol, fault);
}

void WebSocketTunnel::close(CloseCode code, std::string_view reason)
{
    OSH_CHECK(reads_messages());
    if (is_closed_)
        return;
    gate_->append_close(code);
    ends_.tunnel_to_upstream(bytes_of(gate_->take_output()));
    if (!is_closing())
        append_frame(close_frame_, Opcode::Close, close_payload(code, reason), nullptr);
    close_when_possible();
}

// Between two frames of the server, so that the agent can read it.
void WebSocketTunnel::close_when_possible()
{
    bool const is_between = scrub_ || answer_frames_.is_between_frames();
    if (!is_closing() || !is_between || is_closed_)
        return;
    is_closed_ = true;
    ends_.tunnel_to_agent(bytes_of(close_frame_));
    ends_.tunnel_closed();
}

} // namespace osh::netproxy::proxy
