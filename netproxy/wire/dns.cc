#include "netproxy/wire/dns.h"

#include "netproxy/wire/fields.h"

#include <algorithm>

namespace osh::netproxy::wire
{
namespace
{

constexpr std::size_t kHeaderSize = 12;
constexpr std::uint16_t kResponse = 0x8000, kRecursionDesired = 0x0100,
                        kRecursionAvailable = 0x0080, kTruncated = 0x0200;
constexpr std::uint16_t kClassIn = 1;
constexpr int kMostRecords = 4; // additional records looked at for OPT

bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

char lower(std::byte byte)
{
    char const c = std::to_integer<char>(byte);
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

enum class NameResult : std::uint8_t { Good, OddCharacters, Malformed };

NameResult append_label(std::string& name, Bytes label)
{
    NameResult result = NameResult::Good;
    if (!name.empty())
        name.push_back('.');
    for (std::byte const byte : label) {
        char const c = lower(byte);
        if (!is_name_character(c))
            result = NameResult::OddCharacters;
        name.push_back(c);
    }
    return result;
}

// Reads labels up to the root. Compression in a question is of no use to an honest client.
NameResult read_name(ByteReader& in, std::string& name)
{
    NameResult result = NameResult::Good;
    for (;;) {
        auto const length = in.u8();
        if (!length.ok() || *length > kLongestDnsLabel)
            return NameResult::Malformed;
        if (*length == 0)
            return result;
        auto const label = in.take(*length);
        if (!label.ok() || name.size() + 1 + *length > kLongestDnsName + 1)
            return NameResult::Malformed;
        if (append_label(name, *label) != NameResult::Good)
            result = NameResult::OddCharacters;
        if (name.size() > kLongestDnsName)
            return NameResult::Malformed;
    }
}

// RFC 6891: OPT stands at the root name, with the size of the asker's datagrams as its class. What
// is not understood ends the look.
std::optional<std::uint16_t> size_of_opt(ByteReader in, unsigned records)
{
    for (unsigned i = 0; i < records && i < kMostRecords; ++i) {
        std::string name;
        if (read_name(in, name) == NameResult::Malformed)
            return std::nullopt;
        auto const type = in.u16_be();
        auto const size_class = in.u16_be();
        auto const ttl = in.u32_be();
        auto const length = in.u16_be();
        if (!type.ok() || !size_class.ok() || !ttl.ok() || !length.ok() || !in.take(*length).ok())
            return std::nullopt;
        if (*type == kTypeOpt && name.empty())
            return *size_class;
    }
    return std::nullopt;
}

DnsCode read_question(ByteReader& in, DnsQuestion& question)
{
    Bytes const start = in.rest();
    NameResult const name = read_name(in, question.name);
    auto const type = in.u16_be();
    auto const asked_class = in.u16_be();
    if (name == NameResult::Malformed || !type.ok() || !asked_class.ok())
        return DnsCode::FormatError;
    question.type = *type;
    question.wire = start.first(start.size() - in.rest().size());
    if (*asked_class != kClassIn || question.name.empty())
        return DnsCode::Refused;
    // No rule can name it, so it does not exist here.
    return name == NameResult::OddCharacters ? DnsCode::NameError : DnsCode::NoError;
}

void put_header(MutableBytes out, DnsHead const& head, DnsCode code)
{
    put16(out, 0, head.id);
    put16(out, 2,
        kResponse | kRecursionAvailable | (head.recursion_desired ? kRecursionDesired : 0u)
            | static_cast<unsigned>(code));
    put16(out, 4, head.question.empty() ? 0 : 1);
    put16(out, 6, 0);
    put16(out, 8, 0);
    put16(out, 10, head.has_edns ? 1 : 0);
}

std::size_t put_head(MutableBytes out, DnsHead const& head, DnsCode code)
{
    put_header(out, head, code);
    put_bytes(out, kHeaderSize, head.question);
    return kHeaderSize + head.question.size();
}

std::size_t put_opt(MutableBytes out, std::size_t at, DnsHead const& head)
{
    if (!head.has_edns)
        return at;
    put8(out, at, 0);
    put16(out, at + 1, kTypeOpt);
    put16(out, at + 3, kOurDnsUdp);
    put32(out, at + 5, 0);
    put16(out, at + 9, 0);
    return at + 11;
}

struct RecordHead {
    std::uint16_t type;
    std::uint32_t ttl_seconds;
    std::size_t size;
};

std::size_t put_record_head(MutableBytes out, std::size_t at, RecordHead const& record)
{
    put16(out, 6, 1);                     // one answer
    put16(out, at, 0xc000 | kHeaderSize); // its name is the question's
    put16(out, at + 2, record.type);
    put16(out, at + 4, kClassIn);
    put32(out, at + 6, record.ttl_seconds);
    put16(out, at + 10, static_cast<unsigned>(record.size));
    return at + 12;
}

} // namespace

std::optional<ParsedDns> parse_dns(Bytes message)
{
    if (message.size() < kHeaderSize)
        return std::nullopt;
    std::uint16_t const flags = get16(message, 2);
    if ((flags & kResponse) != 0)
        return std::nullopt; // an answer to nothing; answering it could loop
    ParsedDns parsed;
    parsed.question.id = get16(message, 0);
    parsed.question.recursion_desired = (flags & kRecursionDesired) != 0;
    if (((flags >> 11) & 0xf) != 0) {
        parsed.code = DnsCode::NotImplemented;
        return parsed;
    }
    if (get16(message, 4) != 1 || get16(message, 6) != 0 || get16(message, 8) != 0) {
        parsed.code = DnsCode::FormatError;
        return parsed;
    }
    ByteReader in(message.subspan(kHeaderSize));
    parsed.code = read_question(in, parsed.question);
    if (parsed.code == DnsCode::FormatError)
        return parsed;
    if (auto const size = size_of_opt(in, get16(message, 10))) {
        parsed.question.has_edns = true;
        parsed.question.udp_size = std::clamp(*size, kSmallestDnsUdp, kOurDnsUdp);
    }
    return parsed;
}

DnsHead head_of(DnsQuestion const& question)
{
    return {question.id, question.recursion_desired, question.has_edns, question.wire};
}

std::size_t put_dns_code(MutableBytes out, DnsHead const& head, DnsCode code)
{
    return put_opt(out, put_head(out, head, code), head);
}

std::size_t put_dns_address(
    MutableBytes out, DnsHead const& head, IpAddress const& address, std::uint32_t ttl_seconds)
{
    auto const all = std::as_bytes(std::span(address.bytes()));
    bool const is_v4 = address.is_v4();
    Bytes const data = is_v4 ? all.subspan(12) : all;
    std::size_t at = put_head(out, head, DnsCode::NoError);
    at = put_record_head(out, at, {is_v4 ? kTypeA : kTypeAaaa, ttl_seconds, data.size()});
    put_bytes(out, at, data);
    return put_opt(out, at + data.size(), head);
}

std::size_t put_dns_pointer(
    MutableBytes out, DnsHead const& head, std::string_view name, std::uint32_t ttl_seconds)
{
    if (name.empty() || name.size() > kLongestDnsName)
        return put_dns_code(out, head, DnsCode::NameError);
    std::size_t at = put_head(out, head, DnsCode::NoError);
    at = put_record_head(out, at, {kTypePtr, ttl_seconds, name.size() + 2});
    while (!name.empty()) {
        auto const label = name.substr(0, name.find('.'));
        put8(out, at, static_cast<unsigned>(label.size()));
        put_bytes(out, at + 1, bytes_of(label));
        at += 1 + label.size();
        name.remove_prefix(std::min(name.size(), label.size() + 1));
    }
    put8(out, at, 0);
    return put_opt(out, at + 1, head);
}

std::size_t put_dns_records(MutableBytes out, DnsHead const& head, DnsRecords const& answer)
{
    constexpr std::size_t kOptSize = 11, kRecordHead = 12;
    std::size_t at = put_head(out, head, DnsCode::NoError);
    std::size_t needed = at + (head.has_edns ? kOptSize : 0);
    for (auto const& record : answer.records)
        needed += kRecordHead + record.data.size();
    if (needed > out.size()) {
        put16(out, 2, get16(out, 2) | kTruncated);
        return put_opt(out, at, head);
    }
    for (auto const& record : answer.records) {
        at = put_record_head(out, at, {answer.type, record.ttl_seconds, record.data.size()});
        put_bytes(out, at, record.data);
        at += record.data.size();
    }
    put16(out, 6, static_cast<unsigned>(answer.records.size()));
    return put_opt(out, at, head);
}

} // namespace osh::netproxy::wire
