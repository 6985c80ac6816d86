#pragma once
// TCP sockets towards upstreams, and reads and writes that say Busy without building a sentence:
// they run once per packet. tcp(7), ip(7), socket(7).

#include "launcher/sys/fd.h"
#include "policy/base/bytes.h"
#include "policy/base/ip_address.h"

#include <cstdint>
#include <span>

namespace osh::sys
{

enum class IoStatus : std::uint8_t { Done, Busy, Ended, Failed };

struct Io {
    IoStatus status = IoStatus::Failed;
    std::size_t count = 0; // of Done
    int error = 0;         // errno(3) of Failed
};

// A non-blocking TCP socket whose connect(2) is under way. Nagle is off: what we relay was already
// batched by its sender.
Result<Fd> start_connect(IpAddress const& address, std::uint16_t port);
int connect_outcome(Fd const& socket); // SO_ERROR: 0 when connected
bool is_connected(Fd const& socket);   // already, or still

// A non-blocking UDP socket that talks to this address only.
Result<Fd> start_datagrams(IpAddress const& address, std::uint16_t port);

void relay_promptly(Fd const& socket); // an accepted one: no Nagle, keep-alive

// Whether datagrams of an IPv4 socket that do not fit the path are cut (as sockets begin), or
// refused with EMSGSIZE and never cut on the way either: IP_MTU_DISCOVER, ip(7).
enum class Cutting : bool { No, Yes };
Result<> set_cutting(Fd const& socket, Cutting cutting);

// What a connected datagram socket may send in one packet, its headers included; the Internet's
// least for its family when the kernel does not know.
std::uint32_t path_mtu(Fd const& socket);

Io receive_into(Fd const& socket, MutableBytes into);
Io peek_into(Fd const& socket, MutableBytes into); // what is there stays there
Io send_from(Fd const& socket, Bytes from);        // no SIGPIPE
void shut_sending(Fd const& socket);               // FIN: the other direction stays open
void reset_on_close(Fd const& socket);             // closing sends RST

// One packet per call, as tun devices have it.
Io read_packet(Fd const& device, MutableBytes into);
Io write_packet(Fd const& device, std::span<Bytes const> parts);

} // namespace osh::sys
