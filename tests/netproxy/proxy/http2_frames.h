#pragma once
// HTTP/2 frames byte by byte, right or wrong as a test wants them (RFC 9113 section 4.1), and a
// server of ours that answers whatever it accepts. Nothing here uses nghttp2: it must be able to
// say what no library would.

#include "netproxy/proxy/http2_server.h"

#include <cstdint>
#include <string>
#include <vector>

namespace osh::netproxy::proxy::frames
{

enum Type : std::uint8_t {
    Data,
    Headers,
    Priority,
    Reset,
    Settings,
    Push,
    Ping,
    GoAway,
    Window,
    More
};
inline constexpr std::uint8_t kEndStream = 1, kAck = 1, kEndHeaders = 4, kPadded = 8;
inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

inline std::string number(std::uint64_t value, int bytes)
{
    std::string text;
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
        text += static_cast<char>(value >> shift & 0xff);
    return text;
}

inline std::string frame(
    std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload = "")
{
    return number(payload.size(), 3) + number(type, 1) + number(flags, 1) + number(stream, 4)
           + std::string(payload);
}

inline std::string setting(std::uint16_t id, std::uint32_t value)
{
    return number(id, 2) + number(value, 4);
}

// RFC 7541 section 5.1 with a 7-bit prefix, no Huffman.
inline std::string hpack_text(std::string_view text)
{
    std::string out;
    auto size = text.size();
    if (size < 127) {
        out += static_cast<char>(size);
    } else {
        out += static_cast<char>(127);
        for (size -= 127; size >= 128; size /= 128)
            out += static_cast<char>(size % 128 + 128);
        out += static_cast<char>(size);
    }
    return out.append(text);
}

// A literal that is not indexed.
inline std::string field(std::string_view name, std::string_view value)
{
    return std::string(1, '\0') + hpack_text(name) + hpack_text(value);
}

inline std::string pseudo(std::string_view method = "GET", std::string_view path = "/a",
    std::string_view authority = "a.test", std::string_view scheme = "http")
{
    return field(":method", method) + field(":scheme", scheme) + field(":authority", authority)
           + field(":path", path);
}

inline std::string request(std::uint32_t stream, std::string_view block)
{
    return frame(Headers, kEndHeaders | kEndStream, stream, block);
}
inline std::string open_request(std::uint32_t stream, std::string_view block)
{
    return frame(Headers, kEndHeaders, stream, block);
}
inline std::string post(std::string_view more = "")
{
    return pseudo("POST") + std::string(more);
}

// A server that answers 200 to all it accepts, and what it said.
class Server
{
public:
    explicit Server(std::string_view start = "")
    {
        says(kPreface);
        says(start.empty() ? frame(Settings, 0, 0) : start);
    }
    void says(std::string_view text)
    {
        auto bytes = bytes_of(text);
        while (!bytes.empty()) {
            auto const taken = server.agent_bytes(bytes);
            bytes = bytes.subspan(taken);
            serve();
            if (taken == 0 && said.empty())
                break;
        }
        serve();
    }
    void serve()
    {
        for (auto& exchange : server.take_arrived())
            exchanges.push_back(std::move(exchange));
        for (auto& exchange : exchanges)
            if (exchange->waiting() != nullptr && !holds && is_complete(*exchange))
                exchange->answer({200, "text/plain", {}, "ok", "", false});
        for (auto out = server.to_agent(); !out.empty(); out = server.to_agent()) {
            said.append(text_of(out));
            server.consume_to_agent(out.size());
        }
    }
    // Waits for the whole body, so that its faults show before the answer.
    static bool is_complete(StreamExchange& exchange)
    {
        exchange.want_body(1 << 20);
        return exchange.body().has_value() || exchange.body_is_too_large();
    }

    struct Seen {
        std::uint8_t type = 0, flags = 0;
        std::uint32_t stream = 0;
        std::string payload;
    };
    static std::uint32_t u32(std::string_view text, std::size_t at, int bytes)
    {
        std::uint32_t value = 0;
        for (int i = 0; i < bytes; ++i)
            value = value << 8 | static_cast<unsigned char>(text[at + static_cast<std::size_t>(i)]);
        return value;
    }
    std::vector<Seen> seen() const
    {
        std::vector<Seen> frames;
        for (std::size_t at = 0; at + 9 <= said.size();) {
            auto const size = u32(said, at, 3);
            frames.push_back(
                {static_cast<std::uint8_t>(said[at + 3]), static_cast<std::uint8_t>(said[at + 4]),
                    u32(said, at + 5, 4), said.substr(at + 9, size)});
            at += 9 + size;
        }
        return frames;
    }
    std::optional<std::uint32_t> goaway() const
    {
        for (auto const& one : seen())
            if (one.type == GoAway)
                return u32(one.payload, 4, 4);
        return std::nullopt;
    }
    std::optional<std::uint32_t> reset(std::uint32_t stream) const
    {
        for (auto const& one : seen())
            if (one.type == Reset && one.stream == stream && u32(one.payload, 0, 4) != 0)
                return u32(one.payload, 0, 4);
        return std::nullopt;
    }
    bool has(std::uint8_t type, std::uint8_t flags) const
    {
        for (auto const& one : seen())
            if (one.type == type && (one.flags & flags) == flags)
                return true;
        return false;
    }
    int status(std::size_t index = 0) const
    {
        return index < exchanges.size() ? exchanges[index]->response_status() : 0;
    }

    bool holds = false; // leave requests waiting
    std::string said;
    Http2Server server{HttpScheme::Http};
    std::vector<std::unique_ptr<StreamExchange>> exchanges;
};

} // namespace osh::netproxy::proxy::frames
