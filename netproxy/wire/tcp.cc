#include "netproxy/wire/tcp.h"

#include "netproxy/wire/fields.h"

#include <algorithm>

namespace osh::netproxy::wire
{
namespace
{

constexpr std::uint8_t kOptionEnd = 0, kOptionNothing = 1, kOptionSegmentSize = 2,
                       kOptionWindowScale = 3, kOptionSackPermitted = 4;
constexpr std::uint8_t kLargestShift = 14; // RFC 7323 section 2.3

void take_option(SynOptions& into, std::uint8_t kind, Bytes value)
{
    if (kind == kOptionSegmentSize && value.size() == 2)
        into.segment_size = get16(value, 0);
    else if (kind == kOptionWindowScale && value.size() == 1)
        into.window_shift = std::min(get8(value, 0), kLargestShift);
    else if (kind == kOptionSackPermitted && value.empty())
        into.may_sack = true;
}

} // namespace

std::optional<TcpSegment> parse_tcp(Bytes transport)
{
    if (transport.size() < kTcpHeaderSize)
        return std::nullopt;
    std::size_t const header = (get8(transport, 12) >> 4) * 4u;
    if (header < kTcpHeaderSize || header > transport.size())
        return std::nullopt;
    return TcpSegment{
        .source_port = get16(transport, 0),
        .destination_port = get16(transport, 2),
        .sequence = get32(transport, 4),
        .acknowledgement = get32(transport, 8),
        .flags = get8(transport, 13),
        .window = get16(transport, 14),
        .options = transport.subspan(kTcpHeaderSize, header - kTcpHeaderSize),
        .payload = transport.subspan(header),
    };
}

SynOptions parse_syn_options(Bytes options)
{
    SynOptions parsed;
    while (!options.empty()) {
        std::uint8_t const kind = get8(options, 0);
        if (kind == kOptionEnd)
            break;
        if (kind == kOptionNothing) {
            options = options.subspan(1);
            continue;
        }
        std::size_t const length = options.size() < 2 ? 0 : get8(options, 1);
        if (length < 2 || length > options.size())
            break;
        take_option(parsed, kind, options.subspan(2, length - 2));
        options = options.subspan(length);
    }
    return parsed;
}

std::size_t put_tcp(MutableBytes out, TcpHeader const& header)
{
    std::size_t const size = kTcpHeaderSize + header.options.size();
    put16(out, 0, header.source_port);
    put16(out, 2, header.destination_port);
    put32(out, 4, header.sequence);
    put32(out, 8, header.acknowledgement);
    put8(out, 12, static_cast<unsigned>(size / 4) << 4);
    put8(out, 13, header.flags);
    put16(out, 14, header.window);
    put16(out, 16, header.checksum);
    put16(out, 18, 0);
    put_bytes(out, kTcpHeaderSize, header.options);
    return size;
}

} // namespace osh::netproxy::wire
