#pragma once
// What the messages of HTTP/2 mean (RFC 9113 section 8): field blocks to the same RequestHead and
// ParsedResponse that HTTP/1 gives, with the same limits and the same refusals, and back. Frames
// and stream states are http2_session.h's. Pure.

#include "netproxy/proxy/http1_head.h"
#include "netproxy/proxy/http2_session.h"

namespace osh::netproxy::proxy
{

struct StreamRequest {
    RequestHead head; // of extended CONNECT (RFC 8441): the GET that HTTP/1.1 would ask with
    bool expects_continue = false;
};
// Errors: Malformed (400), TooLarge (431), Unsupported (501).
Result<StreamRequest> read_request_block(FieldBlock block, Ends ends, HttpScheme scheme);

// Also 1xx. The framing's length is what the fields say; the request may still forbid a body.
Result<ParsedResponse> read_response_block(FieldBlock block, Ends ends);
// Pseudo fields are an error; which of the others may pass is trailers.h's.
Result<std::vector<HttpField>> read_trailers(FieldBlock block);

// Why an upstream gets no WebSocket.
inline constexpr std::string_view kTakesNoSockets =
    "it speaks HTTP/2 only, and takes no WebSocket over it";

struct OutgoingRequest {
    std::string_view method;
    HttpScheme scheme = HttpScheme::Https;
    std::optional<std::uint64_t> content_length;
    bool takes_trailers = false;
    std::string_view announced_trailers;
    bool was_continued = false; // an Expect was answered already
};
std::vector<HttpField> request_block(Forward const& plan, OutgoingRequest const& request);

std::vector<HttpField> response_block(
    int status, std::vector<HttpField> const& fields, std::optional<std::uint64_t> content_length);
std::vector<HttpField> local_answer_block(LocalAnswer const& reply);

} // namespace osh::netproxy::proxy
