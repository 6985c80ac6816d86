#include "policy/base/bytes.h"

namespace osh
{
namespace
{

template<typename Word>
Word assemble(Bytes bytes, bool big_endian)
{
    Word value = 0;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        std::size_t const at = big_endian ? i : bytes.size() - 1 - i;
        value = static_cast<Word>(value << 8 | std::to_integer<Word>(bytes[at]));
    }
    return value;
}

} // namespace

Result<Bytes> ByteReader::take(std::size_t count)
{
    if (count > rest_.size())
        return fail(Errc::Malformed, "the bytes end too early");
    Bytes const taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
}

Result<std::uint8_t> ByteReader::u8()
{
    LET(bytes, take(1));
    return std::to_integer<std::uint8_t>(bytes[0]);
}

Result<std::uint16_t> ByteReader::u16_be()
{
    LET(bytes, take(2));
    return static_cast<std::uint16_t>(assemble<std::uint32_t>(bytes, true));
}

Result<std::uint32_t> ByteReader::u24_be()
{
    LET(bytes, take(3));
    return assemble<std::uint32_t>(bytes, true);
}

Result<std::uint32_t> ByteReader::u32_be()
{
    LET(bytes, take(4));
    return assemble<std::uint32_t>(bytes, true);
}

Result<std::uint32_t> ByteReader::u32_le()
{
    LET(bytes, take(4));
    return assemble<std::uint32_t>(bytes, false);
}

Result<std::uint64_t> ByteReader::u64_le()
{
    LET(bytes, take(8));
    return assemble<std::uint64_t>(bytes, false);
}

Result<std::string> ByteReader::text_le(std::size_t limit)
{
    LET(length, u32_le());
    if (length > limit)
        return fail(Errc::TooLarge, "a text in a message is longer than its limit");
    LET(bytes, take(length));
    return std::string(text_of(bytes));
}

void ByteWriter::u8(std::uint8_t value)
{
    bytes_.push_back(static_cast<std::byte>(value));
}

void ByteWriter::u16_be(std::uint16_t value)
{
    u8(static_cast<std::uint8_t>(value >> 8));
    u8(static_cast<std::uint8_t>(value));
}

void ByteWriter::u24_be(std::uint32_t value)
{
    u8(static_cast<std::uint8_t>(value >> 16));
    u16_be(static_cast<std::uint16_t>(value));
}

void ByteWriter::u32_be(std::uint32_t value)
{
    u16_be(static_cast<std::uint16_t>(value >> 16));
    u16_be(static_cast<std::uint16_t>(value));
}

void ByteWriter::u32_le(std::uint32_t value)
{
    for (int shift = 0; shift < 32; shift += 8)
        u8(static_cast<std::uint8_t>(value >> shift));
}

void ByteWriter::u64_le(std::uint64_t value)
{
    u32_le(static_cast<std::uint32_t>(value));
    u32_le(static_cast<std::uint32_t>(value >> 32));
}

void ByteWriter::append(Bytes bytes)
{
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
}

void ByteWriter::text_le(std::string_view text)
{
    u32_le(static_cast<std::uint32_t>(text.size()));
    append(bytes_of(text));
}

} // namespace osh
