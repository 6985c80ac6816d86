#pragma once
// Reading and writing bytes with bounds: ByteReader for everything that comes from agent, network
// or file; ByteWriter for what we emit. Big-endian where the name says so (network order),
// little-endian for words between our processes.

#include "policy/base/result.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace osh
{

using Bytes = std::span<std::byte const>;
using MutableBytes = std::span<std::byte>;

inline Bytes bytes_of(std::string_view text)
{
    return std::as_bytes(std::span(text.data(), text.size()));
}

inline std::string_view text_of(Bytes bytes)
{
    return {static_cast<char const*>(static_cast<void const*>(bytes.data())), bytes.size()};
}

class ByteReader
{
public:
    explicit ByteReader(Bytes bytes) : rest_(bytes) {}

    Bytes rest() const { return rest_; }
    bool is_empty() const { return rest_.empty(); }
    Result<std::uint8_t> u8();
    Result<std::uint16_t> u16_be();
    Result<std::uint32_t> u24_be();
    Result<std::uint32_t> u32_be();
    Result<std::uint32_t> u32_le();
    Result<std::uint64_t> u64_le();
    Result<Bytes> take(std::size_t count);
    Result<std::string> text_le(std::size_t limit); // u32 length, then bytes

private:
    Bytes rest_;
};

class ByteWriter
{
public:
    void u8(std::uint8_t value);
    void u16_be(std::uint16_t value);
    void u24_be(std::uint32_t value);
    void u32_be(std::uint32_t value);
    void u32_le(std::uint32_t value);
    void u64_le(std::uint64_t value);
    void append(Bytes bytes);
    void text_le(std::string_view text);

    Bytes bytes() const { return bytes_; }
    std::vector<std::byte> take() { return std::move(bytes_); }

private:
    std::vector<std::byte> bytes_;
};

} // namespace osh
