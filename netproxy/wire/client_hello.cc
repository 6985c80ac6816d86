// ClientHello reader. Mustn't guess: what does not follow RFC 8446 section 4.1.2 is Malformed, and
// a second SNI extension or name (on which two readers could disagree) is Malformed too.
#include "netproxy/wire/client_hello.h"

#include "policy/base/text.h"

#include <algorithm>

namespace osh::netproxy::wire
{
namespace
{

constexpr std::uint8_t kHandshakeRecord = 22;
constexpr std::uint8_t kClientHello = 1;
constexpr std::size_t kRecordHeader = 5;
constexpr std::size_t kMaxRecord = 16 * 1024 + 256;
constexpr std::size_t kMaxExtensions = 64;
constexpr std::size_t kMaxName = 255;
constexpr std::size_t kMaxProtocols = 32;

enum Extension : std::uint16_t {
    kServerName = 0,
    kAlpn = 16,
    kSupportedVersions = 43,
    kEncryptedClientHello = 0xfe0d,
};

struct Handshake {
    HelloStatus status = HelloStatus::NeedMore;
    std::vector<std::byte> bytes; // body of the ClientHello when Complete
};

// The length that the handshake header announces, once its four bytes are there.
bool announces_too_much(std::vector<std::byte> const& bytes, std::size_t& wanted)
{
    ByteReader header(bytes);
    auto type = header.u8();
    auto length = header.u24_be();
    if (type && *type != kClientHello)
        return true;
    if (!length)
        return false;
    wanted = 4 + std::size_t{*length};
    return wanted > kMaxClientHello;
}

// Joins handshake fragments over records until the announced length is there.
Handshake join_records(ByteReader stream)
{
    Handshake out;
    std::size_t wanted = SIZE_MAX;
    while (out.bytes.size() < wanted) {
        auto const rest = stream.rest();
        if (!rest.empty() && std::to_integer<std::uint8_t>(rest[0]) != kHandshakeRecord) {
            out.status = out.bytes.empty() ? HelloStatus::NotTls : HelloStatus::Malformed;
            return out;
        }
        if (rest.size() > 1 && std::to_integer<std::uint8_t>(rest[1]) != 3) {
            out.status = out.bytes.empty() ? HelloStatus::NotTls : HelloStatus::Malformed;
            return out;
        }
        if (rest.size() < kRecordHeader)
            return out;
        ByteReader header(rest.subspan(3));
        std::size_t const length = *header.u16_be();
        if (length == 0 || length > kMaxRecord) {
            out.status = HelloStatus::Malformed;
            return out;
        }
        auto const body = rest.subspan(kRecordHeader);
        auto const part = body.first(std::min(body.size(), length));
        out.bytes.insert(out.bytes.end(), part.begin(), part.end());
        if (announces_too_much(out.bytes, wanted)) {
            out.status = HelloStatus::Malformed;
            return out;
        }
        if (part.size() < length && out.bytes.size() < wanted)
            return out;
        stream = ByteReader(body.subspan(part.size()));
    }
    out.bytes.resize(wanted);
    out.bytes.erase(out.bytes.begin(), out.bytes.begin() + 4);
    out.status = HelloStatus::Complete;
    return out;
}

bool is_host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

// RFC 6066 section 3: a list that has one host_name.
Result<std::string> read_server_name(Bytes data)
{
    ByteReader in(data);
    LET(size, in.u16_be());
    LET(type, in.u8());
    LET(length, in.u16_be());
    LET(name, in.take(length));
    if (!in.is_empty() || size != data.size() - 2 || type != 0)
        return fail(Errc::Malformed, "client hello: server_name is not one host_name");
    auto text = to_lower_ascii(text_of(name));
    if (!text.empty() && text.back() == '.')
        text.pop_back(); // the same name; some clients send the DNS root's dot
    bool const is_valid = !text.empty() && text.size() <= kMaxName && text.front() != '.'
                          && std::all_of(text.begin(), text.end(), is_host_character);
    if (!is_valid)
        return fail(Errc::Malformed, "client hello: server_name is not a host name");
    return text;
}

Result<std::vector<std::string>> read_alpn(Bytes data)
{
    ByteReader in(data);
    LET(size, in.u16_be());
    if (size != data.size() - 2)
        return fail(Errc::Malformed, "client hello: ALPN length disagrees with its extension");
    std::vector<std::string> names;
    while (!in.is_empty()) {
        LET(length, in.u8());
        LET(name, in.take(length));
        if (length == 0 || names.size() == kMaxProtocols)
            return fail(Errc::Malformed, "client hello: ALPN list is not acceptable");
        names.emplace_back(text_of(name));
    }
    return names;
}

Result<std::uint16_t> read_highest_version(Bytes data)
{
    ByteReader in(data);
    LET(size, in.u8());
    if (size != data.size() - 1)
        return fail(Errc::Malformed, "client hello: supported_versions has a wrong length");
    std::uint16_t highest = 0;
    while (!in.is_empty()) {
        LET(version, in.u16_be());
        bool const is_grease = (version & 0x0f0f) == 0x0a0a; // RFC 8701
        if (!is_grease && (version >> 8) == 3)
            highest = std::max(highest, version);
    }
    return highest;
}

Result<> read_extension(ClientHello& hello, std::uint16_t type, Bytes data)
{
    if (type == kServerName) {
        LET(name, read_server_name(data));
        hello.server_name = std::move(name);
    } else if (type == kAlpn) {
        LET(names, read_alpn(data));
        hello.alpn = std::move(names);
    } else if (type == kSupportedVersions) {
        LET(version, read_highest_version(data));
        hello.highest_version = version;
    } else if (type == kEncryptedClientHello) {
        hello.has_encrypted_hello = true;
    }
    return {};
}

Result<> read_extensions(ClientHello& hello, ByteReader in)
{
    if (in.is_empty())
        return {}; // TLS 1.2 allows a hello without extensions
    LET(size, in.u16_be());
    if (size != in.rest().size())
        return fail(Errc::Malformed, "client hello: extensions disagree with the message length");
    std::vector<std::uint16_t> seen;
    while (!in.is_empty()) {
        LET(type, in.u16_be());
        LET(length, in.u16_be());
        LET(data, in.take(length));
        if (seen.size() == kMaxExtensions
            || std::find(seen.begin(), seen.end(), type) != seen.end())
            return fail(Errc::Malformed, "client hello: an extension comes twice, or too many");
        seen.push_back(type);
        TRY(read_extension(hello, type, data));
    }
    return {};
}

Result<> read_body(ClientHello& hello, Bytes body)
{
    ByteReader in(body);
    LET(legacy_version, in.u16_be());
    hello.highest_version = legacy_version;
    TRY(in.take(32));
    LET(session_length, in.u8());
    TRY(in.take(session_length));
    LET(suites_length, in.u16_be());
    TRY(in.take(suites_length));
    LET(compressions_length, in.u8());
    TRY(in.take(compressions_length));
    if (session_length > 32 || suites_length < 2 || suites_length % 2 != 0
        || compressions_length == 0)
        return fail(Errc::Malformed, "client hello: a list has an impossible length");
    return read_extensions(hello, in);
}

} // namespace

ClientHello read_client_hello(Bytes start_of_stream)
{
    auto joined = join_records(ByteReader(start_of_stream));
    ClientHello hello;
    if (joined.status == HelloStatus::Complete && !read_body(hello, joined.bytes))
        joined.status = HelloStatus::Malformed;
    if (joined.status != HelloStatus::Complete)
        hello = {};
    hello.status = joined.status;
    return hello;
}

} // namespace osh::netproxy::wire
