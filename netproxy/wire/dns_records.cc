#include "netproxy/wire/dns_records.h"

#include "netproxy/wire/fields.h"

#include <algorithm>

namespace osh::netproxy::wire
{
namespace
{

constexpr std::size_t kHeaderSize = 12;
constexpr std::uint16_t kResponse = 0x8000, kClassIn = 1, kTypeCname = 5;
constexpr std::size_t kLongestWireName = 255; // RFC 1035 section 2.3.4

std::unexpected<Error> malformed()
{
    return fail(Errc::Malformed, "dns: the answer cannot be understood");
}

struct Record {
    std::vector<std::byte> owner; // as on the wire, in lower case
    std::uint16_t type = 0, asked_class = 0;
    std::uint32_t ttl_seconds = 0;
    std::size_t at = 0, size = 0; // of its data in the message
};

class Message
{
public:
    explicit Message(Bytes bytes) : bytes_(bytes) {}

    bool is_within(std::size_t end) const { return end <= bytes_.size(); }
    std::uint16_t word(std::size_t at) const { return get16(bytes_, at); }
    std::uint32_t long_word(std::size_t at) const { return get32(bytes_, at); }
    Bytes part(std::size_t at, std::size_t size) const { return bytes_.subspan(at, size); }

    // Spells a name out and moves `at` behind it. Pointers lead backwards only, so they end.
    Result<std::vector<std::byte>> name(std::size_t& at) const
    {
        std::vector<std::byte> out;
        std::size_t from = at, lowest = at;
        bool has_jumped = false;
        for (;;) {
            if (!is_within(from + 1))
                return malformed();
            std::size_t const length = get8(bytes_, from);
            if ((length & 0xc0) == 0xc0) {
                if (!is_within(from + 2))
                    return malformed();
                std::size_t const target = word(from) & 0x3fff;
                if (target >= lowest || target < kHeaderSize)
                    return malformed();
                if (!has_jumped)
                    at = from + 2;
                has_jumped = true;
                from = lowest = target;
                continue;
            }
            if (length > kLongestDnsLabel || !is_within(from + 1 + length)
                || out.size() + 1 + length > kLongestWireName)
                return malformed();
            auto const label = part(from, 1 + length);
            out.insert(out.end(), label.begin(), label.end());
            from += 1 + length;
            if (length != 0)
                continue;
            if (!has_jumped)
                at = from;
            return out;
        }
    }

private:
    Bytes bytes_;
};

void make_lower(std::vector<std::byte>& name)
{
    for (auto& byte : name) // lengths are below 'A'
        if (auto const c = std::to_integer<char>(byte); c >= 'A' && c <= 'Z')
            byte = static_cast<std::byte>(c - 'A' + 'a');
}

Result<Record> read_record(Message const& message, std::size_t& at)
{
    Record record;
    LET(owner, message.name(at));
    record.owner = std::move(owner);
    make_lower(record.owner);
    if (!message.is_within(at + 10))
        return malformed();
    record.type = message.word(at);
    record.asked_class = message.word(at + 2);
    record.ttl_seconds = message.long_word(at + 4);
    record.size = message.word(at + 8);
    record.at = at + 10;
    at = record.at + record.size;
    if (!message.is_within(at))
        return malformed();
    return record;
}

// Where names stand in the data of a type: behind so many bytes, so many of them, and then so many
// bytes more. NAPTR has three strings before its name, TXT is nothing but strings.
struct Shape {
    std::size_t before = 0, strings = 0, names = 0, after = 0;
    bool has_any_rest = false;
};

Shape shape_of(std::uint16_t type)
{
    switch (type) {
    case 2: return {.names = 1};                                        // NS
    case 5: return {.names = 1};                                        // CNAME
    case 6: return {.names = 2, .after = 20};                           // SOA
    case 15: return {.before = 2, .names = 1};                          // MX
    case 33: return {.before = 6, .names = 1};                          // SRV, RFC 2782
    case 35: return {.before = 4, .strings = 3, .names = 1};            // NAPTR, RFC 3403
    case 257: return {.before = 1, .strings = 1, .has_any_rest = true}; // CAA, RFC 8659
    default: return {.has_any_rest = true};
    }
}

// Strings with their lengths in front, that end within `end` (RFC 1035 section 3.3).
bool skip_string(Message const& message, std::size_t& at, std::size_t end)
{
    if (at >= end)
        return false;
    at += 1 + std::to_integer<std::size_t>(message.part(at, 1)[0]);
    return at <= end;
}

bool is_text(Message const& message, Record const& record)
{
    std::size_t at = record.at;
    std::size_t const end = at + record.size;
    while (at < end)
        if (!skip_string(message, at, end))
            return false;
    return record.size > 0;
}

Result<std::vector<std::byte>> data_of(Message const& message, Record const& record)
{
    constexpr std::uint16_t kTypeTxt = 16;
    if (record.type == kTypeTxt && !is_text(message, record))
        return malformed();
    auto const shape = shape_of(record.type);
    std::size_t const end = record.at + record.size;
    std::size_t at = record.at + shape.before;
    if (at > end)
        return malformed();
    for (std::size_t i = 0; i < shape.strings; ++i)
        if (!skip_string(message, at, end))
            return malformed();
    auto const front = message.part(record.at, at - record.at);
    std::vector<std::byte> out(front.begin(), front.end());
    for (std::size_t i = 0; i < shape.names; ++i) {
        LET(name, message.name(at));
        out.insert(out.end(), name.begin(), name.end());
    }
    if (at > end || (!shape.has_any_rest && end - at != shape.after))
        return malformed();
    auto const rest = message.part(at, end - at);
    out.insert(out.end(), rest.begin(), rest.end());
    return out;
}

using Records = std::vector<Record>;

// The name that the question's aliases lead to, and the least time that one of them lives.
struct Found {
    std::vector<std::byte> name;
    std::uint32_t ttl_seconds = 0xffff'ffff;
};

Result<Found> follow(Message const& message, Records const& records, std::vector<std::byte> name)
{
    Found found{std::move(name)};
    for (std::size_t i = 0; i <= kMostAliases; ++i) {
        auto const alias = std::ranges::find_if(records, [&](Record const& one) {
            return one.type == kTypeCname && one.asked_class == kClassIn && one.owner == found.name;
        });
        if (alias == records.end())
            return found;
        LET(target, data_of(message, *alias));
        found.name = std::move(target);
        make_lower(found.name);
        found.ttl_seconds = std::min(found.ttl_seconds, alias->ttl_seconds);
    }
    return malformed();
}

Result<Records> read_records(Message const& message, std::size_t at, std::size_t count)
{
    Records records;
    if (count > kMostDnsRecords)
        return fail(Errc::TooLarge, "dns: the answer has too many records");
    for (std::size_t i = 0; i < count; ++i) {
        LET(record, read_record(message, at));
        records.push_back(std::move(record));
    }
    return records;
}

} // namespace

Result<std::vector<DnsRecord>> parse_dns_records(Bytes bytes, std::uint16_t type)
{
    Message const message(bytes);
    if (!message.is_within(kHeaderSize) || (message.word(2) & kResponse) == 0
        || message.word(4) != 1)
        return malformed();
    std::size_t at = kHeaderSize;
    LET(asked, message.name(at));
    make_lower(asked);
    if (!message.is_within(at + 4))
        return malformed();
    LET(records, read_records(message, at + 4, message.word(6)));
    Found found{std::move(asked)};
    if (type != kTypeCname) {
        LET(followed, follow(message, records, std::move(found.name)));
        found = std::move(followed);
    }
    std::vector<DnsRecord> out;
    std::size_t total = 0;
    for (auto const& record : records) {
        if (record.type != type || record.asked_class != kClassIn || record.owner != found.name)
            continue;
        LET(data, data_of(message, record));
        total += data.size();
        if (total > kMostRecordBytes)
            return fail(Errc::TooLarge, "dns: the answer is too large");
        out.push_back({std::min(record.ttl_seconds, found.ttl_seconds), std::move(data)});
    }
    return out;
}

} // namespace osh::netproxy::wire
