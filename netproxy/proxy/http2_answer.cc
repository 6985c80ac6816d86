// Answers of HTTP/2: an upstream's, read as strictly as requests, and those that the agent gets.
#include "netproxy/proxy/http2_message.h"

#include "netproxy/proxy/http1_client.h"

#include "policy/base/text.h"

#include <fmt/format.h>

namespace osh::netproxy::proxy
{
namespace
{

Result<int> read_status(FieldBlock const& block)
{
    if (block.fields.empty() || block.fields.front().name != ":status")
        return fail(Errc::Malformed, "an answer without :status");
    std::string_view const text = block.fields.front().value;
    bool const is_number = text.size() == 3 && text[0] >= '1' && text[0] <= '5' && text[1] >= '0'
                           && text[1] <= '9' && text[2] >= '0' && text[2] <= '9';
    if (!is_number)
        return fail(Errc::Malformed, "a :status outside 100 to 599");
    int const status = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
    if (status == 101) // RFC 9113 section 8.6
        return fail(Errc::Malformed, "it switched protocols, which HTTP/2 cannot");
    return status;
}

} // namespace

Result<ParsedResponse> read_response_block(FieldBlock block, Ends ends)
{
    if (block.is_too_large)
        return fail(Errc::TooLarge, "the head of its answer is too long");
    LET(status, read_status(block));
    std::vector<HttpField> fields;
    fields.reserve(block.fields.size());
    for (std::size_t i = 1; i < block.fields.size(); ++i) {
        auto& field = block.fields[i];
        if (!is_token(field.name) || !is_safe_value(field.value))
            return fail(Errc::Malformed, "a field of its answer is malformed");
        fields.push_back(std::move(field));
    }
    ParsedResponse response;
    response.status = status;
    LET(framing, framing_of(fields, 1, BodyKind::Chunked));
    response.framing = framing;
    if (framing.kind == BodyKind::Length || framing.kind == BodyKind::None)
        response.content_length = framing.length;
    if (ends == Ends::Yes)
        response.framing = {BodyKind::None, 0};
    response.keeps_alive = true;
    keep_response_fields(response, std::move(fields));
    return response;
}

std::vector<HttpField> response_block(
    int status, std::vector<HttpField> const& fields, std::optional<std::uint64_t> content_length)
{
    std::vector<HttpField> block;
    block.reserve(fields.size() + 2);
    block.push_back({":status", fmt::to_string(status)});
    for (auto const& field : fields) {
        // What HTTP/1 left between a value and its line's end is no part of it, and HTTP/2 forbids
        // it.
        if (!is_our_field(field.name))
            block.push_back({to_lower_ascii(field.name), std::string(trimmed(field.value))});
    }
    if (content_length)
        block.push_back({"content-length", fmt::to_string(*content_length)});
    return block;
}

std::vector<HttpField> local_answer_block(LocalAnswer const& reply)
{
    std::vector<HttpField> fields{
        {"content-type", reply.content_type}, {"cache-control", "no-store"}};
    for (auto const& field : reply.fields) {
        if (is_token(field.name) && is_safe_value(field.value))
            fields.push_back(field);
    }
    return response_block(reply.status, fields, reply.body.size());
}

} // namespace osh::netproxy::proxy
