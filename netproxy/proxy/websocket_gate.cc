// Frames in, messages to be judged, frames out.
#include "netproxy/proxy/websocket_gate.h"

#include "netproxy/proxy/inflate.h"
#include "policy/base/check.h"

#include <algorithm>
#include <utility>

namespace osh::netproxy::proxy
{
namespace
{

using Fault = WebSocketGate::Fault;

bool is_known(std::uint8_t opcode)
{
    return opcode <= 2 || (opcode >= 8 && opcode <= 10);
}

// RFC 6455 section 7.4: codes that may stand in a frame.
bool is_close_code(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014)
           || (code >= 3000 && code <= 4999);
}

std::optional<Fault> check_close(std::string_view payload)
{
    if (payload.empty())
        return std::nullopt;
    if (payload.size() == 1)
        return Fault{CloseCode::Protocol, "a Close frame of one byte"};
    auto const code =
        static_cast<unsigned char>(payload[0]) * 256U + static_cast<unsigned char>(payload[1]);
    if (!is_close_code(code))
        return Fault{CloseCode::Protocol, "a close code that may not be sent"};
    if (!is_valid_utf8(payload.substr(2)))
        return Fault{CloseCode::NotUtf8, "a close reason that is not UTF-8"};
    return std::nullopt;
}

} // namespace

std::size_t WebSocketGate::take(Bytes in)
{
    std::size_t taken = 0;
    while (taken < in.size() && !waiting_ && !fault_ && !has_closed_) {
        if (is_in_frame_) {
            taken += take_payload(in.subspan(taken));
            continue;
        }
        taken += reader_.take(in.subspan(taken));
        if (reader_.is_complete())
            head_is_complete();
    }
    return has_closed_ ? in.size() : taken; // nothing after a Close has a meaning
}

void WebSocketGate::head_is_complete()
{
    head_ = reader_.head();
    reader_.clear();
    if (auto const fault = check(head_))
        return break_with(*fault);
    is_in_frame_ = true;
    done_ = 0;
    control_.clear();
    if (!head_.is_control())
        begin_data();
    if (is_streaming() && !waiting_)
        write_head();
    if (head_.length == 0 && !waiting_)
        frame_is_complete();
}

std::optional<Fault> WebSocketGate::check(FrameHead const& head) const
{
    if (!head.is_masked)
        return Fault{CloseCode::Protocol, "a frame of the client is not masked"};
    if (head.has_other_bits || !is_known(head.opcode))
        return Fault{CloseCode::Protocol, "reserved bits or an unknown opcode"};
    if (!head.is_shortest)
        return Fault{CloseCode::Protocol, "a frame length in more bytes than needed"};
    if (!head.is_control())
        return check_data(head);
    if (!head.is_final || head.length > kMaxControl || head.is_compressed)
        return Fault{CloseCode::Protocol, "a control frame that is long, split or compressed"};
    return std::nullopt;
}

std::optional<Fault> WebSocketGate::check_data(FrameHead const& head) const
{
    bool const continues = head.opcode == static_cast<std::uint8_t>(Opcode::Continuation);
    if (continues != (kind_ != Kind::None))
        return Fault{CloseCode::Protocol,
            continues ? "a continuation of no message" : "a message within another"};
    if (head.is_compressed && (continues || deflate_ == Deflate::No))
        return Fault{CloseCode::Protocol, "a compressed frame that was not agreed on"};
    bool const is_text =
        kind_ == Kind::Text || head.opcode == static_cast<std::uint8_t>(Opcode::Text);
    if (head.length > kMaxFrame || (is_text && head.length > kMaxTextMessage - text_.size()))
        return Fault{CloseCode::TooBig, "a message is too large"};
    if (continues && fragments_ >= kMaxFragments)
        return Fault{CloseCode::TooBig, "a message in too many fragments"};
    return std::nullopt;
}

void WebSocketGate::begin_data()
{
    ++fragments_;
    if (kind_ != Kind::None)
        return;
    fragments_ = 1;
    first_mask_ = head_.mask;
    is_compressed_ = head_.is_compressed;
    kind_ = head_.opcode == static_cast<std::uint8_t>(Opcode::Text) ? Kind::Text : Kind::Binary;
    if (kind_ == Kind::Binary)
        waiting_ = TunnelMessage{TunnelMessage::Kind::Binary, {}};
}

// The head of a frame that passes as it came.
void WebSocketGate::write_head()
{
    std::string frame;
    append_frame(frame, static_cast<Opcode>(head_.opcode), {}, nullptr);
    auto const first = static_cast<unsigned char>(frame[0]) & 0x0fU;
    output_.push_back(static_cast<char>(
        first | (head_.is_final ? 0x80U : 0U) | (head_.is_compressed ? 0x40U : 0U)));
    int const bytes = head_.length <= 125 ? 0 : head_.length <= 0xffff ? 2 : 8;
    auto const mark = bytes == 0 ? static_cast<unsigned>(head_.length) : bytes == 2 ? 126U : 127U;
    output_.push_back(static_cast<char>(0x80U | mark));
    for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
        output_.push_back(static_cast<char>(head_.length >> shift & 0xffU));
    for (auto const byte : head_.mask)
        output_.push_back(static_cast<char>(byte));
}

std::size_t WebSocketGate::take_payload(Bytes in)
{
    auto const run =
        static_cast<std::size_t>(std::min<std::uint64_t>(head_.length - done_, in.size()));
    auto const part = text_of(in.first(run));
    if (is_streaming()) {
        output_.append(part);
        done_ += run;
    } else {
        auto& into = head_.is_control() ? control_ : text_;
        for (char const c : part)
            into.push_back(
                static_cast<char>(static_cast<unsigned char>(c) ^ head_.mask[done_++ % 4]));
    }
    if (done_ == head_.length)
        frame_is_complete();
    return run;
}

void WebSocketGate::frame_is_complete()
{
    is_in_frame_ = false;
    if (head_.is_control())
        return control_is_complete();
    if (!head_.is_final)
        return;
    if (kind_ == Kind::Text)
        return text_is_complete();
    kind_ = Kind::None;
}

void WebSocketGate::control_is_complete()
{
    auto const opcode = static_cast<Opcode>(head_.opcode);
    if (opcode == Opcode::Close) {
        if (auto const fault = check_close(control_))
            return break_with(*fault);
        has_closed_ = true;
    }
    append_frame(output_, opcode, control_, &head_.mask);
}

void WebSocketGate::text_is_complete()
{
    auto text = std::exchange(text_, {});
    if (is_compressed_) {
        auto plain = inflated_message(text, kMaxTextMessage);
        if (!plain.ok())
            return break_with(plain.error().code == Errc::TooLarge
                                  ? Fault{CloseCode::TooBig, "a message is too large"}
                                  : Fault{CloseCode::NotUtf8, "a compressed message is malformed"});
        text = *std::move(plain);
    }
    if (!is_valid_utf8(text))
        return break_with({CloseCode::NotUtf8, "a text message that is not UTF-8"});
    waiting_ = TunnelMessage{TunnelMessage::Kind::Text, std::move(text)};
}

void WebSocketGate::pass(std::optional<std::string> instead)
{
    OSH_CHECK(waiting_.has_value());
    auto const message = *std::exchange(waiting_, {});
    if (message.kind == TunnelMessage::Kind::Text) {
        kind_ = Kind::None;
        append_frame(output_, Opcode::Text, instead.value_or(message.text), &first_mask_);
        return;
    }
    write_head();
    if (head_.length == 0)
        frame_is_complete();
}

void WebSocketGate::break_with(Fault fault)
{
    fault_ = fault;
    is_in_frame_ = false;
}

std::string WebSocketGate::take_output()
{
    return std::exchange(output_, {});
}

void WebSocketGate::append_close(CloseCode code)
{
    bool const is_half_sent = is_in_frame_ && is_streaming() && !waiting_;
    if (!is_half_sent && !has_closed_)
        append_frame(output_, Opcode::Close, close_payload(code, ""), &head_.mask);
    has_closed_ = true;
}

} // namespace osh::netproxy::proxy
