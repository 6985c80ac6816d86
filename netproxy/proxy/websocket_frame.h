#pragma once
// Heads of WebSocket frames (RFC 6455 section 5.2), read across pieces, and where frames end. Not:
// what messages they make (websocket_gate.h).

#include "policy/base/bytes.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace osh::netproxy::proxy
{

enum class Opcode : std::uint8_t {
    Continuation = 0,
    Text = 1,
    Binary = 2,
    Close = 8,
    Ping = 9,
    Pong = 10
};

// Section 7.4.1, those that we send.
enum class CloseCode : std::uint16_t {
    Protocol = 1002,
    NotUtf8 = 1007,
    Policy = 1008,
    TooBig = 1009,
    Restart = 1012, // a new policy
};

using MaskKey = std::array<unsigned char, 4>;

struct FrameHead {
    bool is_final = false;
    bool is_compressed = false; // RSV1 (RFC 7692 section 6)
    bool has_other_bits = false;
    bool is_masked = false;
    bool is_shortest = true; // its length is written in the fewest bytes, below 2^63
    std::uint8_t opcode = 0;
    std::uint64_t length = 0;
    MaskKey mask{};
    bool is_control() const { return opcode >= 8; }
};

class FrameHeadReader
{
public:
    // Takes bytes of one head; how many. Nothing more is taken once it is complete.
    std::size_t take(Bytes in);
    bool is_complete() const { return size_ >= 2 && size_ == wanted(); }
    bool is_empty() const { return size_ == 0; }
    FrameHead head() const; // once complete
    void clear() { size_ = 0; }

private:
    std::size_t wanted() const;
    std::array<unsigned char, 14> bytes_{};
    std::size_t size_ = 0;
};

// Follows a stream of frames only to know where one ends.
class FrameBoundary
{
public:
    // How much of `in` belongs to the frame under way, at least 1 of a byte.
    std::size_t next(Bytes in);
    bool is_between_frames() const { return reader_.is_empty() && left_ == 0; }

private:
    FrameHeadReader reader_;
    std::uint64_t left_ = 0;
};

// Appends one whole frame; masked by `mask` when there is one (a client's).
void append_frame(std::string& out, Opcode opcode, std::string_view payload, MaskKey const* mask);
// As much of a Close's reason as there is room for: whole characters, as it must be UTF-8 (section
// 5.5.1).
std::string_view fitting_reason(std::string_view reason);
// The payload of a Close; the reason is cut to what fits (section 5.5).
std::string close_payload(CloseCode code, std::string_view reason);
bool is_valid_utf8(std::string_view text);

} // namespace osh::netproxy::proxy
