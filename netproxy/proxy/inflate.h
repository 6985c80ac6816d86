#pragma once
// Compressed bytes made readable, within a limit (RFC 1950, 1951, 1952). Not: which message they
// belong to, or what is read out of them. zlib, included by inflate.cc alone.

#include "policy/base/result.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace osh::netproxy::proxy
{

enum class Coding : std::uint8_t {
    Gzip,
    Deflate, // of HTTP: zlib's wrapping, or none, as many servers send it
    Zlib,    // RFC 1950
    Raw,     // of permessage-deflate (RFC 7692)
};

// "gzip", "x-gzip" or "deflate", in lower case; nothing for any other, and for a list.
std::optional<Coding> content_coding(std::string_view name);

// A whole body. Errors: TooLarge beyond `limit`, Malformed also when it ends too early or goes on.
Result<std::string> inflated(std::string_view body, Coding coding, std::size_t limit);

// One message of a WebSocket, compressed for itself (no context of earlier ones).
Result<std::string> inflated_message(std::string_view message, std::size_t limit);

// A body that comes in pieces; what it says comes out as far as it is known.
class Inflater
{
public:
    explicit Inflater(Coding coding);
    ~Inflater();
    Inflater(Inflater&& other) noexcept;
    Inflater& operator=(Inflater&& other) noexcept;

    // Appends to `out`, at most `limit` bytes in one call: TooLarge.
    Result<> feed(std::string_view piece, std::string& out, std::size_t limit);
    // Likewise, but takes no more than what is compressed, and says how much that was. Not Deflate.
    Result<std::size_t> take(std::string_view piece, std::string& out, std::size_t limit);
    bool is_complete() const; // the end was seen

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace osh::netproxy::proxy
