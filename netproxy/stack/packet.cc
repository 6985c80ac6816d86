#include "netproxy/stack/packet.h"

#include "netproxy/wire/checksum.h"
#include "netproxy/wire/ip.h"
#include "netproxy/wire/udp.h"
#include "netproxy/wire/virtio_net.h"

namespace osh::netproxy::stack
{

using namespace wire;

void put_tcp_packet(PacketOut& out, Route const& route, TcpOut const& tcp)
{
    MutableBytes const all(out.header);
    MutableBytes const packet = all.subspan(kVirtioNetHeaderSize);
    std::size_t const tcp_size = kTcpHeaderSize + tcp.header.options.size();
    std::size_t const transport_size = tcp_size + tcp.payload_size;
    std::size_t const ip_size =
        put_ip(packet, {route.source, route.destination, kProtocolTcp, transport_size});
    TcpHeader header = tcp.header;
    header.checksum = pseudo_header_sum({route.source, route.destination, kProtocolTcp,
        static_cast<std::uint32_t>(transport_size)});
    put_tcp(packet.subspan(ip_size), header);

    VirtioNetHeader offload;
    offload.needs_checksum = true;
    offload.checksum_start = static_cast<std::uint16_t>(ip_size);
    offload.checksum_offset = kTcpChecksumOffset;
    if (tcp.payload_size > tcp.segment_size) {
        offload.segmentation = route.source.is_v4() ? Segmentation::Tcp4 : Segmentation::Tcp6;
        offload.segment_size = tcp.segment_size;
        offload.header_length = static_cast<std::uint16_t>(ip_size + tcp_size);
    }
    put_virtio_net(all, offload);
    out.header_size = kVirtioNetHeaderSize + ip_size + tcp_size;
}

void put_udp_packet(Replies::Reply& reply, Route const& route, std::uint16_t source_port,
    std::uint16_t destination_port)
{
    MutableBytes const all(reply.head.header);
    MutableBytes const packet = all.subspan(kVirtioNetHeaderSize);
    std::size_t const transport_size = kUdpHeaderSize + reply.payload.size();
    std::size_t const ip_size =
        put_ip(packet, {route.source, route.destination, kProtocolUdp, transport_size});
    std::uint16_t const sum = pseudo_header_sum({route.source, route.destination, kProtocolUdp,
        static_cast<std::uint32_t>(transport_size)});
    put_udp(packet.subspan(ip_size), {source_port, destination_port, reply.payload.size(), sum});
    VirtioNetHeader offload;
    offload.needs_checksum = true;
    offload.checksum_start = static_cast<std::uint16_t>(ip_size);
    offload.checksum_offset = kUdpChecksumOffset;
    put_virtio_net(all, offload);
    reply.head.header_size = kVirtioNetHeaderSize + ip_size + kUdpHeaderSize;
}

void put_icmp_packet(Replies::Reply& reply, Route const& route)
{
    MutableBytes const all(reply.head.header);
    bool const is_v4 = route.source.is_v4();
    std::size_t const ip_size = put_ip(all.subspan(kVirtioNetHeaderSize),
        {route.source, route.destination, is_v4 ? kProtocolIcmp : kProtocolIcmpv6,
            reply.payload.size()});
    put_virtio_net(all, {});
    reply.head.header_size = kVirtioNetHeaderSize + ip_size;
}

} // namespace osh::netproxy::stack
