#pragma once
// What an agent sends through a WebSocket (RFC 6455), message by message: each waits for its
// verdict, and what was judged is what is sent, written anew as one uncompressed frame. Compressed
// messages (RFC 7692, each for itself) are read. Binary messages are judged at their head and pass
// as they are. A breach of the protocol is a fault, never passed on.
//
// Not: the handshake (http1_client.h), the server's direction, the verdict. No I/O.

#include "netproxy/proxy/http_exchange.h"
#include "netproxy/proxy/websocket_frame.h"

#include <optional>

namespace osh::netproxy::proxy
{

// OpenShell's (reference 3.6).
inline constexpr std::size_t kMaxTextMessage = 4 * 1024 * 1024;
inline constexpr std::uint64_t kMaxFrame = 16 * 1024 * 1024;
inline constexpr unsigned kMaxFragments = 4096;
inline constexpr std::size_t kMaxControl = 125;

enum class Deflate : bool { No, Yes }; // permessage-deflate was agreed

class WebSocketGate
{
public:
    explicit WebSocketGate(Deflate deflate) : deflate_(deflate) {}

    // How much was taken; less than offered while a message waits, after a Close, or at a fault.
    std::size_t take(Bytes in);
    TunnelMessage const* waiting() const { return waiting_ ? &*waiting_ : nullptr; }
    void pass(std::optional<std::string> instead); // another text, or the message as it came

    struct Fault {
        CloseCode code = CloseCode::Protocol;
        std::string_view why;
    };
    std::optional<Fault> const& fault() const { return fault_; }
    bool has_closed() const { return has_closed_; } // the agent's Close went through

    std::string take_output(); // towards the upstream
    std::size_t held() const
    {
        return text_.capacity() + output_.capacity() + (waiting_ ? waiting_->text.capacity() : 0);
    }
    // A Close of ours towards the upstream; nothing when a binary frame is half sent.
    void append_close(CloseCode code);

private:
    enum class Kind : std::uint8_t { None, Text, Binary }; // of the message under way

    std::size_t take_payload(Bytes in);
    void head_is_complete();
    std::optional<Fault> check(FrameHead const& head) const;
    std::optional<Fault> check_data(FrameHead const& head) const;
    void begin_data();
    void frame_is_complete();
    void control_is_complete();
    void text_is_complete();
    void write_head();
    void break_with(Fault fault);
    bool is_streaming() const { return kind_ == Kind::Binary && !head_.is_control(); }

    Deflate deflate_;
    FrameHeadReader reader_;
    bool is_in_frame_ = false;
    FrameHead head_;
    std::uint64_t done_ = 0; // bytes of the frame's payload
    Kind kind_ = Kind::None;
    bool is_compressed_ = false;
    unsigned fragments_ = 0;
    MaskKey first_mask_{};
    std::string text_;    // of the message under way, unmasked
    std::string control_; // of the control frame under way, unmasked
    std::optional<TunnelMessage> waiting_;
    std::optional<Fault> fault_;
    bool has_closed_ = false;
    std::string output_;
};

} // namespace osh::netproxy::proxy
