#include "netproxy/wire/udp.h"

#include "netproxy/wire/fields.h"

namespace osh::netproxy::wire
{

std::optional<UdpDatagram> parse_udp(Bytes transport)
{
    if (transport.size() < kUdpHeaderSize || get16(transport, 4) != transport.size())
        return std::nullopt;
    return UdpDatagram{get16(transport, 0), get16(transport, 2), get16(transport, 6),
        transport.subspan(kUdpHeaderSize)};
}

std::size_t put_udp(MutableBytes out, UdpHeader const& header)
{
    put16(out, 0, header.source_port);
    put16(out, 2, header.destination_port);
    put16(out, 4, static_cast<unsigned>(kUdpHeaderSize + header.payload_size));
    put16(out, 6, header.checksum);
    return kUdpHeaderSize;
}

} // namespace osh::netproxy::wire
