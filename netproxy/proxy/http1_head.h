#pragma once
// Message heads of HTTP/1.x (RFC 9112), read so strictly that no two readers can disagree: first
// the raw bytes (http1_raw.cc), then llhttp in strict mode (http1_llhttp.cc), and both must have
// seen the same lines; then what the fields mean (http1_request.cc, http1_response.cc).

#include "netproxy/proxy/http1.h"

namespace osh::netproxy::proxy
{

enum class MessageKind { Request, Response };

// A head's lines; views into the text that was read.
struct HeadLines {
    struct Field {
        std::string_view name;
        std::string_view value;
    };
    std::string_view method, target; // of a request
    int status = 0;                  // of a response
    std::string_view reason;
    std::uint8_t minor_version = 1;
    std::vector<Field> fields;
};

// `head` ends with the empty line. Errors: Malformed, TooLarge, Unsupported.
Result<HeadLines> read_raw_lines(
    std::string_view head, MessageKind kind, Http1Limits const& limits);
// Where the head in `text` ends, or npos; nothing ends before `from`.
std::size_t end_of_head(std::string_view text, std::size_t from);
// The lines after the last chunk with the empty one that ends them. Errors: Malformed, TooLarge.
Result<std::vector<HttpField>> read_trailer_lines(std::string_view section);
// Malformed unless llhttp reads the same lines.
Result<> agree_with_llhttp(std::string_view head, MessageKind kind, HeadLines const& lines);

enum class BodyKind { None, Length, Chunked, UntilClose };
struct Framing {
    BodyKind kind = BodyKind::None;
    std::uint64_t length = 0;
};

struct ParsedRequest {
    RequestHead head;
    Framing framing;
    bool wants_close = false; // by version or Connection
    bool expects_continue = false;
    bool has_upgrade = false; // of any kind
};
Result<ParsedRequest> parse_request(
    std::string_view head, Http1Limits const& limits, HttpScheme scheme);

struct ParsedResponse {
    int status = 0;
    std::string reason;
    std::vector<HttpField> fields; // hop-by-hop and framing fields dropped
    Framing framing;               // as its own fields say; the request may still forbid a body
    std::optional<std::uint64_t> content_length;
    bool keeps_alive = false;
    bool is_encoded = false; // Content-Encoding other than identity
    bool upgrades_to_websocket = false;
    std::string websocket_accept;
    std::string announced_trailers; // those that could pass
};
Result<ParsedResponse> parse_response(std::string_view head, Http1Limits const& limits);

// Takes into `response` the fields that may be passed on, and what they say.
void keep_response_fields(ParsedResponse& response, std::vector<HttpField> fields);

// Lower case, without the root's dot and without the default port.
Result<std::string> canonical_authority(std::string_view text, HttpScheme scheme);
bool is_refused_method(std::string_view method); // TRACE and its kin, CONNECT

// ---- fields
bool is_token(std::string_view text);
// Splits a comma list of tokens, e.g. Connection; blanks trimmed, empty elements skipped.
std::vector<std::string_view> list_items(std::string_view value);
bool list_has(std::string_view value, std::string_view token);
std::vector<std::string> nominated_fields(std::vector<HttpField> const& fields);
// Content-Length and Transfer-Encoding of a message, or why they cannot be trusted.
Result<Framing> framing_of(
    std::vector<HttpField> const& fields, std::uint8_t minor_version, BodyKind without);
// The name as a server may read it that makes variables of fields: lower case, '-' for '_'.
std::string as_variables_read(std::string_view name);
// What no request takes along, whether it stands in its head or behind its body.
bool is_never_forwarded(std::string_view name);
// Line breaks, NUL and other controls never go into a head that we write.
bool is_safe_value(std::string_view value);
bool is_safe_target(std::string_view target);

} // namespace osh::netproxy::proxy
