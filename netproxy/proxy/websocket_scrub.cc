// Frames in, the same messages out (RFC 6455 section 5.4 lets anyone fragment anew).
#include "netproxy/proxy/websocket_scrub.h"

#include <algorithm>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::size_t kMaxControlPayload = 125;
constexpr std::size_t kCloseCode = 2;
constexpr unsigned char kFinal = 0x80;

std::string_view check(FrameHead const& head, bool is_in_message)
{
    if (head.is_masked || head.has_other_bits || head.is_compressed || !head.is_shortest)
        return "a frame of the server is masked, compressed or malformed";
    if (head.is_control()) {
        bool const is_known = head.opcode <= static_cast<std::uint8_t>(Opcode::Pong);
        return is_known && head.is_final && head.length <= kMaxControlPayload
                   ? ""
                   : "a control frame of the server is long, split or unknown";
    }
    if (head.opcode > static_cast<std::uint8_t>(Opcode::Binary))
        return "an unknown opcode of the server";
    bool const continues = head.opcode == static_cast<std::uint8_t>(Opcode::Continuation);
    return continues == is_in_message ? "" : "a message of the server within another";
}

} // namespace

void WebSocketScrub::feed(Bytes in, std::string& out)
{
    while (!in.empty() && fault_.empty()) {
        if (!is_in_frame_) {
            in = in.subspan(reader_.take(in));
            if (reader_.is_complete())
                head_is_complete();
        } else {
            auto const run = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size()));
            take_payload(text_of(in.first(run)), out);
            in = in.subspan(run);
            left_ -= run;
        }
        if (is_in_frame_ && left_ == 0 && fault_.empty())
            frame_is_complete(out);
    }
}

void WebSocketScrub::head_is_complete()
{
    head_ = reader_.head();
    reader_.clear();
    fault_ = check(head_, message_ != 0);
    is_in_frame_ = true;
    left_ = head_.length;
    control_.clear();
    if (!head_.is_control() && message_ == 0) {
        message_ = head_.opcode;
        has_begun_ = false;
    }
}

void WebSocketScrub::take_payload(std::string_view part, std::string& out)
{
    if (head_.is_control()) {
        control_.append(part);
        return;
    }
    std::string clean;
    scrubber_.feed(part, clean);
    if (!clean.empty())
        write(out, clean, Last::No);
}

void WebSocketScrub::frame_is_complete(std::string& out)
{
    is_in_frame_ = false;
    if (head_.is_control()) {
        append_frame(out, static_cast<Opcode>(head_.opcode), clean_control(), nullptr);
        return;
    }
    if (!head_.is_final)
        return;
    std::string rest;
    scrubber_.finish(rest);
    write(out, rest, Last::Yes);
    message_ = 0;
}

// What a longer mask makes too long for its frame is cut.
std::string WebSocketScrub::clean_control() const
{
    auto clean = scrubber_.replaced(control_);
    bool const is_close = head_.opcode == static_cast<std::uint8_t>(Opcode::Close);
    if (!is_close || clean.size() <= kCloseCode)
        return clean.substr(0, kMaxControlPayload);
    clean.resize(kCloseCode + fitting_reason(std::string_view(clean).substr(kCloseCode)).size());
    return clean;
}

void WebSocketScrub::write(std::string& out, std::string_view text, Last last)
{
    auto const opcode = has_begun_ ? Opcode::Continuation : static_cast<Opcode>(message_);
    auto const at = out.size();
    append_frame(out, opcode, text, nullptr);
    if (last == Last::No)
        out[at] = static_cast<char>(static_cast<unsigned char>(out[at]) & ~kFinal);
    has_begun_ = true;
}

} // namespace osh::netproxy::proxy
