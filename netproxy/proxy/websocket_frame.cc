// Frame heads read and written, byte by byte.
#include "netproxy/proxy/websocket_frame.h"

#include <algorithm>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::size_t kMaxReason = 123; // of a control frame's 125 bytes, two are the code
constexpr unsigned char kFinal = 0x80, kRsv1 = 0x40, kOtherBits = 0x30, kMasked = 0x80;

std::size_t length_bytes(unsigned char second)
{
    unsigned const length = second & 0x7fU;
    return length == 126 ? 2 : length == 127 ? 8 : 0;
}

bool is_continuation(char c)
{
    return (static_cast<unsigned char>(c) & 0xc0U) == 0x80;
}

// The length of the sequence that starts so, and the least code point it may stand for; 0: none.
struct Lead {
    std::size_t size = 0;
    std::uint32_t bits = 0, least = 0;
};
Lead lead_of(unsigned char c)
{
    if (c < 0x80)
        return {1, c, 0};
    if ((c & 0xe0U) == 0xc0)
        return {2, c & 0x1fU, 0x80};
    if ((c & 0xf0U) == 0xe0)
        return {3, c & 0x0fU, 0x800};
    if ((c & 0xf8U) == 0xf0)
        return {4, c & 0x07U, 0x10000};
    return {};
}

} // namespace

std::size_t FrameHeadReader::wanted() const
{
    if (size_ < 2)
        return 2;
    return 2 + length_bytes(bytes_[1]) + ((bytes_[1] & kMasked) != 0 ? 4 : 0);
}

std::size_t FrameHeadReader::take(Bytes in)
{
    std::size_t taken = 0;
    while (taken < in.size() && size_ < wanted())
        bytes_[size_++] = std::to_integer<unsigned char>(in[taken++]);
    return taken;
}

FrameHead FrameHeadReader::head() const
{
    FrameHead head;
    head.is_final = (bytes_[0] & kFinal) != 0;
    head.is_compressed = (bytes_[0] & kRsv1) != 0;
    head.has_other_bits = (bytes_[0] & kOtherBits) != 0;
    head.opcode = bytes_[0] & 0x0fU;
    head.is_masked = (bytes_[1] & kMasked) != 0;
    auto const extra = length_bytes(bytes_[1]);
    head.length = bytes_[1] & 0x7fU;
    if (extra > 0) {
        head.length = 0;
        for (std::size_t i = 0; i < extra; ++i)
            head.length = head.length << 8 | bytes_[2 + i];
        head.is_shortest =
            extra == 2 ? head.length > 125 : head.length > 0xffff && head.length >> 63 == 0;
    }
    if (head.is_masked)
        std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(2 + extra), 4, head.mask.begin());
    return head;
}

std::size_t FrameBoundary::next(Bytes in)
{
    std::size_t taken = 0;
    if (left_ == 0) {
        taken = reader_.take(in);
        if (!reader_.is_complete())
            return taken;
        left_ = reader_.head().length;
        reader_.clear();
    }
    auto const run = static_cast<std::size_t>(std::min<std::uint64_t>(left_, in.size() - taken));
    left_ -= run;
    return taken + run;
}

void append_frame(std::string& out, Opcode opcode, std::string_view payload, MaskKey const* mask)
{
    auto const put = [&out](
                         std::uint64_t value) { out.push_back(static_cast<char>(value & 0xff)); };
    unsigned const masked = mask != nullptr ? kMasked : 0;
    put(kFinal | static_cast<unsigned>(opcode));
    std::uint64_t const size = payload.size();
    if (size <= 125) {
        put(masked | size);
    } else {
        int const bytes = size <= 0xffff ? 2 : 8;
        put(masked | (bytes == 2 ? 126U : 127U));
        for (int shift = (bytes - 1) * 8; shift >= 0; shift -= 8)
            put(size >> shift);
    }
    if (mask == nullptr) {
        out.append(payload);
        return;
    }
    for (auto const byte : *mask)
        put(byte);
    for (std::size_t i = 0; i < payload.size(); ++i)
        put(static_cast<unsigned char>(payload[i]) ^ (*mask)[i % 4]);
}

std::string_view fitting_reason(std::string_view reason)
{
    auto size = std::min(reason.size(), kMaxReason);
    while (size > 0 && size < reason.size() && is_continuation(reason[size]))
        --size; // never half a character
    return reason.substr(0, size);
}

std::string close_payload(CloseCode code, std::string_view reason)
{
    auto const number = static_cast<unsigned>(code);
    std::string out{static_cast<char>(number >> 8), static_cast<char>(number & 0xff)};
    return out.append(fitting_reason(reason));
}

// RFC 3629: shortest forms only, no surrogates, nothing beyond U+10FFFF.
bool is_valid_utf8(std::string_view text)
{
    while (!text.empty()) {
        auto const lead = lead_of(static_cast<unsigned char>(text[0]));
        if (lead.size == 0 || lead.size > text.size())
            return false;
        auto point = lead.bits;
        for (std::size_t i = 1; i < lead.size; ++i) {
            if (!is_continuation(text[i]))
                return false;
            point = point << 6 | (static_cast<unsigned char>(text[i]) & 0x3fU);
        }
        if (point < lead.least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
            return false;
        text.remove_prefix(lead.size);
    }
    return true;
}

} // namespace osh::netproxy::proxy
