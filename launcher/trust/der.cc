#include "launcher/trust/der.h"

namespace osh::launcher::trust
{
namespace
{

constexpr std::uint8_t kLongForm = 0x80, kMostLengthBytes = 4, kLongTag = 0x1f;

Result<std::size_t> take_length(ByteReader& in)
{
    LET(first, in.u8());
    if (first < kLongForm)
        return static_cast<std::size_t>(first);
    std::uint8_t const count = first & 0x7f;
    if (count == 0 || count > kMostLengthBytes)
        return fail(Errc::Malformed, "certificate: a length of unknown form");
    std::size_t length = 0;
    for (std::uint8_t i = 0; i < count; ++i) {
        LET(part, in.u8());
        length = length << 8 | part;
    }
    return length;
}

} // namespace

Result<DerElement> take_element(Bytes& rest)
{
    ByteReader in(rest);
    LET(tag, in.u8());
    if ((tag & kLongTag) == kLongTag)
        return fail(Errc::Malformed, "certificate: a tag of unknown form");
    LET(length, take_length(in));
    LET(value, in.take(length));
    DerElement const element{tag, value, rest.first(rest.size() - in.rest().size())};
    rest = in.rest();
    return element;
}

Result<DerElement> take_element(Bytes& rest, std::uint8_t tag)
{
    LET(element, take_element(rest));
    if (element.tag != tag)
        return fail(Errc::Malformed, "certificate: another element than expected");
    return element;
}

void put_element(ByteWriter& out, std::uint8_t tag, Bytes value)
{
    out.u8(tag);
    auto const length = static_cast<std::uint32_t>(value.size());
    if (length < kLongForm) {
        out.u8(static_cast<std::uint8_t>(length));
    } else if (length <= 0xff) {
        out.u8(kLongForm | 1);
        out.u8(static_cast<std::uint8_t>(length));
    } else if (length <= 0xffff) {
        out.u8(kLongForm | 2);
        out.u16_be(static_cast<std::uint16_t>(length));
    } else {
        out.u8(kLongForm | 3);
        out.u24_be(length);
    }
    out.append(value);
}

} // namespace osh::launcher::trust
