// What a response head says, with the same strictness: a hostile server must not get our idea of
// where its answer ends out of step with the agent's (RFC 9112 section 6.3).
#include "netproxy/proxy/http1_head.h"
#include "netproxy/proxy/trailers.h"

#include "policy/base/text.h"

#include <algorithm>
#include <array>

namespace osh::netproxy::proxy
{
namespace
{

// Hop-by-hop, framing (written anew), and Alt-Svc, which would send the agent to other ports and to
// HTTP/3, where it is refused.
constexpr std::array<std::string_view, 10> kDropped = {"connection", "keep-alive", "te", "trailer",
    "transfer-encoding", "content-length", "upgrade", "alt-svc", "proxy-connection",
    "proxy-authenticate"};

void read_field(ParsedResponse& response, HttpField const& field, std::string const& name)
{
    if (name == "content-encoding" && !equals_ignoring_case(field.value, "identity"))
        response.is_encoded = true;
    else if (name == "sec-websocket-accept")
        response.websocket_accept = field.value;
    else if (name == "upgrade" && equals_ignoring_case(field.value, "websocket"))
        response.upgrades_to_websocket = true;
    else if (name == "trailer")
        response.announced_trailers = passable_announcement(field.value);
}

} // namespace

Result<ParsedResponse> parse_response(std::string_view text, Http1Limits const& limits)
{
    LET(lines, read_raw_lines(text, MessageKind::Response, limits));
    std::vector<HttpField> fields;
    fields.reserve(lines.fields.size());
    for (auto const& field : lines.fields)
        fields.push_back({std::string(field.name), std::string(field.value)});
    ParsedResponse response;
    response.status = lines.status;
    response.reason = lines.reason;
    LET(framing, framing_of(fields, lines.minor_version, BodyKind::UntilClose));
    TRY(agree_with_llhttp(text, MessageKind::Response, lines)); // last: our own words say more
    response.framing = framing;
    if (framing.kind == BodyKind::Length || framing.kind == BodyKind::None)
        response.content_length = framing.length;
    response.keeps_alive = lines.minor_version == 1;
    keep_response_fields(response, std::move(fields));
    return response;
}

void keep_response_fields(ParsedResponse& response, std::vector<HttpField> fields)
{
    auto const nominated = nominated_fields(fields);
    auto const is_nominated = [&nominated](std::string_view name) {
        return std::find(nominated.begin(), nominated.end(), name) != nominated.end();
    };
    response.keeps_alive = response.keeps_alive && !is_nominated("close");
    for (auto& field : fields) {
        auto const name = to_lower_ascii(field.name);
        read_field(response, field, name);
        bool const is_dropped =
            is_nominated(name)
            || std::find(kDropped.begin(), kDropped.end(), name) != kDropped.end();
        if (!is_dropped)
            response.fields.push_back(std::move(field));
    }
    response.upgrades_to_websocket = response.upgrades_to_websocket && is_nominated("upgrade");
}

} // namespace osh::netproxy::proxy
