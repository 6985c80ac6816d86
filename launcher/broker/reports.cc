// Kind byte, then the fields, little-endian.

#include "launcher/broker/broker.h"

namespace osh::launcher
{
namespace
{

constexpr std::uint8_t kRefused = 1, kTrace = 2, kConnect = 3, kConnectStands = 4;
constexpr std::size_t kMaxText = 900; // two of them fit a report

} // namespace

std::vector<std::byte> encode(Report const& report)
{
    ByteWriter out;
    if (auto const* refused = std::get_if<RefusedName>(&report)) {
        out.u8(kRefused);
        out.text_le(std::string_view(refused->path).substr(0, kMaxText));
        out.text_le(std::string_view(refused->why).substr(0, kMaxText));
    } else if (auto const* trace = std::get_if<TraceQuestion>(&report)) {
        out.u8(kTrace);
        out.u32_le(static_cast<std::uint32_t>(trace->thread));
        out.u64_le(trace->request);
        out.u64_le(trace->target);
    } else if (auto const* connect = std::get_if<ConnectQuestion>(&report)) {
        out.u8(kConnect);
        out.u32_le(static_cast<std::uint32_t>(connect->thread));
        out.u32_le(static_cast<std::uint32_t>(connect->descriptor));
    } else {
        out.u8(kConnectStands);
    }
    return out.take();
}

Result<Report> decode_report(Bytes message)
{
    ByteReader in(message);
    LET(kind, in.u8());
    if (kind == kRefused) {
        LET(path, in.text_le(kMaxText));
        LET(why, in.text_le(kMaxText));
        return Report(RefusedName{std::move(path), std::move(why)});
    }
    if (kind == kConnectStands)
        return Report(ConnectStands{});
    if (kind != kTrace && kind != kConnect)
        return fail(Errc::Malformed, "broker: unknown report");
    LET(thread, in.u32_le());
    if (kind == kConnect) {
        LET(descriptor, in.u32_le());
        return Report(ConnectQuestion{
            static_cast<std::int32_t>(thread), static_cast<std::int32_t>(descriptor)});
    }
    LET(request, in.u64_le());
    LET(target, in.u64_le());
    return Report(TraceQuestion{static_cast<std::int32_t>(thread), request, target});
}

} // namespace osh::launcher
