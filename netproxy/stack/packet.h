#pragma once
// Puts a packet's headers together: virtio-net, IP, transport. The kernel finishes TCP and UDP
// checksums where it needs them at all; nobody walks over payload here.

#include "netproxy/stack/replies.h"
#include "netproxy/wire/tcp.h"

namespace osh::netproxy::stack
{

struct Route {
    IpAddress const& source;
    IpAddress const& destination;
};

struct TcpOut {
    wire::TcpHeader header;
    std::size_t payload_size = 0;
    std::uint16_t segment_size = 0; // the kernel cuts what is longer
};

// Fills out.header; the payload is the caller's.
void put_tcp_packet(PacketOut& out, Route const& route, TcpOut const& tcp);

// Both fill the reply's head around the payload it holds already.
void put_udp_packet(Replies::Reply& reply, Route const& route, std::uint16_t source_port,
    std::uint16_t destination_port);
void put_icmp_packet(Replies::Reply& reply, Route const& route);

} // namespace osh::netproxy::stack
