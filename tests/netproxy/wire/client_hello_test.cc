#include "netproxy/wire/client_hello.h"

#include <gtest/gtest.h>

namespace osh::netproxy::wire
{
namespace
{

void append_block(ByteWriter& out, ByteWriter const& in)
{
    out.u16_be(static_cast<std::uint16_t>(in.bytes().size()));
    out.append(in.bytes());
}

void extension(ByteWriter& out, std::uint16_t type, Bytes data)
{
    out.u16_be(type);
    out.u16_be(static_cast<std::uint16_t>(data.size()));
    out.append(data);
}

std::vector<std::byte> server_name(std::string_view name)
{
    ByteWriter entry;
    entry.u8(0);
    entry.u16_be(static_cast<std::uint16_t>(name.size()));
    entry.append(bytes_of(name));
    ByteWriter list;
    append_block(list, entry);
    return list.take();
}

std::vector<std::byte> message(ByteWriter const& extensions)
{
    ByteWriter body;
    body.u16_be(0x0303);
    body.append(std::vector<std::byte>(32));
    body.u8(0);
    body.u16_be(2);
    body.u16_be(0x1301);
    body.u8(1);
    body.u8(0);
    append_block(body, extensions);
    ByteWriter out;
    out.u8(1);
    out.u24_be(static_cast<std::uint32_t>(body.bytes().size()));
    out.append(body.bytes());
    return out.take();
}

// The message in records of at most `size` bytes.
std::vector<std::byte> records(Bytes handshake, std::size_t size = 16384)
{
    ByteWriter out;
    while (!handshake.empty()) {
        auto const part = handshake.first(std::min(size, handshake.size()));
        out.u8(22);
        out.u16_be(0x0301);
        out.u16_be(static_cast<std::uint16_t>(part.size()));
        out.append(part);
        handshake = handshake.subspan(part.size());
    }
    return out.take();
}

std::vector<std::byte> usual_hello(std::string_view name)
{
    ByteWriter extensions;
    extension(extensions, 0x1a1a, {});
    extension(extensions, 0, server_name(name));
    extension(extensions, 16, bytes_of(std::string_view("\0\x0c\x02h2\x08http/1.1", 14)));
    extension(extensions, 43, bytes_of(std::string_view("\x06\x2a\x2a\x03\x04\x03\x03", 7)));
    return message(extensions);
}

TEST(ClientHello, IsReadFromOneRecord)
{
    auto const hello = read_client_hello(records(usual_hello("Api.Example.com.")));
    EXPECT_EQ(hello.status, HelloStatus::Complete);
    EXPECT_EQ(hello.server_name, "api.example.com");
    EXPECT_EQ(hello.alpn, (std::vector<std::string>{"h2", "http/1.1"}));
    EXPECT_EQ(hello.highest_version, 0x0304);
    EXPECT_FALSE(hello.has_encrypted_hello);
}

TEST(ClientHello, IsReadAcrossRecordsAndArrivals)
{
    for (std::size_t const size : {1, 3, 4, 5, 50}) {
        auto const stream = records(usual_hello("a.test"), size);
        for (std::size_t cut = 0; cut < stream.size(); ++cut)
            ASSERT_EQ(read_client_hello(Bytes(stream).first(cut)).status, HelloStatus::NeedMore)
                << size << " " << cut;
        EXPECT_EQ(read_client_hello(stream).server_name, "a.test");
    }
}

TEST(ClientHello, WhatFollowsItIsIgnored)
{
    auto stream = records(usual_hello("a.test"));
    stream.push_back(std::byte{20});
    EXPECT_EQ(read_client_hello(stream).status, HelloStatus::Complete);
}

TEST(ClientHello, OtherProtocolsAreNotTls)
{
    EXPECT_EQ(read_client_hello(bytes_of("GET / HTTP/1.1\r\n")).status, HelloStatus::NotTls);
    EXPECT_EQ(read_client_hello(bytes_of("SSH-2.0-x")).status, HelloStatus::NotTls);
    EXPECT_EQ(read_client_hello(bytes_of("\x16\x02")).status, HelloStatus::NotTls);
    EXPECT_EQ(read_client_hello({}).status, HelloStatus::NeedMore);
}

TEST(ClientHello, AnEncryptedHelloIsSeen)
{
    ByteWriter extensions;
    extension(extensions, 0xfe0d, bytes_of("anything"));
    auto const hello = read_client_hello(records(message(extensions)));
    EXPECT_TRUE(hello.has_encrypted_hello);
    EXPECT_EQ(hello.server_name, "");
    EXPECT_EQ(hello.highest_version, 0x0303);
}

TEST(ClientHello, TwoNamesAreMalformed)
{
    ByteWriter twice;
    extension(twice, 0, server_name("a.test"));
    extension(twice, 0, server_name("b.test"));
    EXPECT_EQ(read_client_hello(records(message(twice))).status, HelloStatus::Malformed);

    auto list = server_name("a.test");
    list.push_back(std::byte{0});
    ByteWriter longer;
    extension(longer, 0, list);
    EXPECT_EQ(read_client_hello(records(message(longer))).status, HelloStatus::Malformed);
}

TEST(ClientHello, NamesThatAreNoHostNamesAreMalformed)
{
    for (std::string_view const name :
        {"", ".", "a b", "a/b", "caf\xc3\xa9.test", "a\r\nb", "*.test"})
        EXPECT_EQ(read_client_hello(records(usual_hello(name))).status, HelloStatus::Malformed)
            << name;
    EXPECT_EQ(read_client_hello(records(usual_hello(std::string_view("a\0.b", 4)))).status,
        HelloStatus::Malformed);
}

TEST(ClientHello, LengthsThatDisagreeAreMalformed)
{
    auto handshake = usual_hello("a.test");
    handshake.push_back(std::byte{0}); // grows the message beyond its extensions
    handshake[3] = std::byte(std::to_integer<unsigned>(handshake[3]) + 1);
    EXPECT_EQ(read_client_hello(records(handshake)).status, HelloStatus::Malformed);
}

TEST(ClientHello, IsBounded)
{
    ByteWriter huge;
    huge.u8(1);
    huge.u24_be(kMaxClientHello);
    EXPECT_EQ(read_client_hello(records(huge.bytes())).status, HelloStatus::Malformed);
    EXPECT_EQ(read_client_hello(bytes_of(std::string_view("\x16\x03\x01\x00\x00", 5))).status,
        HelloStatus::Malformed);
    EXPECT_EQ(
        read_client_hello(bytes_of(std::string_view("\x16\x03\x01\x00\x04\x02\0\0\0", 9))).status,
        HelloStatus::Malformed); // a ServerHello
}

} // namespace
} // namespace osh::netproxy::wire
