// Codec of the words in owner.h. Layout: version, kind, then the fields in the order of the struct.
// Counts and lengths are checked before anything is allocated for them.
#include "policy/messages/owner.h"

#include <algorithm>
#include <span>

namespace osh::policy
{
namespace
{

constexpr std::uint8_t kVersion = 4;
enum class Kind : std::uint8_t { Query = 1, Answer = 2 };

constexpr std::size_t kMaxPath = 4096;       // PATH_MAX: what readlink(2) of exe can return
constexpr std::size_t kMaxCommandLine = 200; // owner.h: display only
constexpr std::uint8_t kTrustedPlace = 1, kDeleted = 2, kTraced = 4, kPreloaded = 8, kChanged = 16;
constexpr std::uint8_t kInTransit = 1, kHeld = 2; // of an answer
constexpr std::uint8_t kKnownFlags = kTrustedPlace | kDeleted | kTraced | kPreloaded | kChanged;

std::string_view cut(std::string_view text, std::size_t limit)
{
    return text.substr(0, limit);
}

void put_address(ByteWriter& out, IpAddress const& address)
{
    out.append(std::as_bytes(std::span(address.bytes())));
}

Result<IpAddress> read_address(ByteReader& in)
{
    LET(bytes, in.take(16));
    std::array<std::uint8_t, 16> raw{};
    for (std::size_t i = 0; i < raw.size(); ++i)
        raw[i] = std::to_integer<std::uint8_t>(bytes[i]);
    return IpAddress::from_v6(raw);
}

void put_process(ByteWriter& out, ProcessIdentity const& process)
{
    out.u32_le(static_cast<std::uint32_t>(process.pid));
    out.u64_le(process.start_time);
    out.text_le(cut(process.exe, kMaxPath));
    out.u64_le(process.device);
    out.u64_le(process.inode);
    out.u64_le(static_cast<std::uint64_t>(process.changed_ns));
    out.u8(static_cast<std::uint8_t>(
        (process.is_trusted_place ? kTrustedPlace : 0) | (process.is_deleted ? kDeleted : 0)
        | (process.is_traced ? kTraced : 0) | (process.is_preloaded ? kPreloaded : 0)
        | (process.is_changed ? kChanged : 0)));
    out.text_le(cut(process.script, kMaxPath));
    out.text_le(cut(process.command_line, kMaxCommandLine));
}

Result<ProcessIdentity> read_process(ByteReader& in)
{
    LET(pid, in.u32_le());
    LET(start_time, in.u64_le());
    LET(exe, in.text_le(kMaxPath));
    LET(device, in.u64_le());
    LET(inode, in.u64_le());
    LET(changed_ns, in.u64_le());
    LET(flags, in.u8());
    LET(script, in.text_le(kMaxPath));
    LET(command_line, in.text_le(kMaxCommandLine));
    if ((flags & ~kKnownFlags) != 0)
        return fail(Errc::Malformed, "owner: unknown process flags");
    ProcessIdentity process;
    process.pid = static_cast<std::int32_t>(pid);
    process.start_time = start_time;
    process.exe = std::move(exe);
    process.device = device;
    process.inode = inode;
    process.changed_ns = static_cast<std::int64_t>(changed_ns);
    process.is_trusted_place = (flags & kTrustedPlace) != 0;
    process.is_deleted = (flags & kDeleted) != 0;
    process.is_traced = (flags & kTraced) != 0;
    process.is_preloaded = (flags & kPreloaded) != 0;
    process.is_changed = (flags & kChanged) != 0;
    process.script = std::move(script);
    process.command_line = std::move(command_line);
    return process;
}

Result<Holder> read_holder(ByteReader& in)
{
    Holder holder;
    LET(process, read_process(in));
    holder.process = std::move(process);
    LET(count, in.u8());
    if (count > kMaxAncestors)
        return fail(Errc::TooLarge, "owner: too many ancestors");
    for (std::uint8_t i = 0; i < count; ++i) {
        LET(ancestor, read_process(in));
        holder.ancestors.push_back(std::move(ancestor));
    }
    return holder;
}

Result<ByteReader> open_message(Bytes message, Kind expected)
{
    if (message.size() > kMaxOwnerMessage)
        return fail(Errc::TooLarge, "owner: a message is longer than its limit");
    ByteReader in(message);
    LET(version, in.u8());
    LET(kind, in.u8());
    if (version != kVersion)
        return fail(Errc::Unsupported, "owner: unknown message version");
    if (kind != static_cast<std::uint8_t>(expected))
        return fail(Errc::Malformed, "owner: a message of another kind is expected");
    return in;
}

ByteWriter start_message(Kind kind)
{
    ByteWriter out;
    out.u8(kVersion);
    out.u8(static_cast<std::uint8_t>(kind));
    return out;
}

std::vector<std::byte> encode_holder(Holder const& holder, std::size_t ancestor_count)
{
    ByteWriter out;
    put_process(out, holder.process);
    out.u8(static_cast<std::uint8_t>(ancestor_count));
    for (std::size_t i = 0; i < ancestor_count; ++i)
        put_process(out, holder.ancestors[i]);
    return out.take();
}

} // namespace

std::vector<std::byte> encode(OwnerQuery const& query)
{
    ByteWriter out = start_message(Kind::Query);
    out.u64_le(query.id);
    out.u8(query.ip_protocol);
    put_address(out, query.source);
    put_address(out, query.destination);
    out.u16_be(query.source_port);
    out.u16_be(query.destination_port);
    out.u8(static_cast<std::uint8_t>(query.depth));
    return out.take();
}

Result<OwnerQuery> decode_owner_query(Bytes message)
{
    LET(in, open_message(message, Kind::Query));
    LET(id, in.u64_le());
    LET(ip_protocol, in.u8());
    LET(source, read_address(in));
    LET(destination, read_address(in));
    LET(source_port, in.u16_be());
    LET(destination_port, in.u16_be());
    LET(depth, in.u8());
    if (depth < static_cast<std::uint8_t>(OwnerDepth::Shown)
        || depth > static_cast<std::uint8_t>(OwnerDepth::Held))
        return fail(Errc::Malformed, "owner: unknown depth of a question");
    if (ip_protocol != 6 && ip_protocol != 17)
        return fail(Errc::Malformed, "owner: neither TCP nor UDP");
    if (!in.is_empty())
        return fail(Errc::Malformed, "owner: bytes after the end of a query");
    return OwnerQuery{id, ip_protocol, source, destination, source_port, destination_port,
        static_cast<OwnerDepth>(depth)};
}

// What does not fit is left out in a way that cannot widen: an answer whose holders do not all fit
// becomes "not found", which is a Deny where a rule names programs.
std::vector<std::byte> encode(OwnerAnswer const& answer)
{
    auto start = [&](std::size_t holder_count) {
        ByteWriter out = start_message(Kind::Answer);
        out.u64_le(answer.id);
        out.u8(static_cast<std::uint8_t>(
            (answer.is_in_transit ? kInTransit : 0) | (answer.is_held ? kHeld : 0)));
        out.u8(static_cast<std::uint8_t>(holder_count));
        return out;
    };
    if (answer.holders.size() > kMaxHolders)
        return start(0).take();
    ByteWriter out = start(answer.holders.size());
    for (auto const& holder : answer.holders) {
        auto bytes = encode_holder(holder, std::min(holder.ancestors.size(), kMaxAncestors));
        if (out.bytes().size() + bytes.size() > kMaxOwnerMessage)
            return start(0).take();
        out.append(bytes);
    }
    return out.take();
}

Result<OwnerAnswer> decode_owner_answer(Bytes message)
{
    LET(in, open_message(message, Kind::Answer));
    OwnerAnswer answer;
    LET(id, in.u64_le());
    answer.id = id;
    LET(flags, in.u8());
    if ((flags & ~(kInTransit | kHeld)) != 0)
        return fail(Errc::Malformed, "owner: unknown flags of an answer");
    answer.is_in_transit = (flags & kInTransit) != 0;
    answer.is_held = (flags & kHeld) != 0;
    LET(count, in.u8());
    if (count > kMaxHolders)
        return fail(Errc::TooLarge, "owner: too many holders");
    for (std::uint8_t i = 0; i < count; ++i) {
        LET(holder, read_holder(in));
        answer.holders.push_back(std::move(holder));
    }
    if (!in.is_empty())
        return fail(Errc::Malformed, "owner: bytes after the end of an answer");
    return answer;
}

} // namespace osh::policy
