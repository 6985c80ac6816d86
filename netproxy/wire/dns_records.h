#pragma once
// Records out of a resolver's answer (RFC 1035 section 4.1): those of one type that answer the
// question, through its chain of aliases, with every name in them spelled out. Everything else of
// the message is left behind. Hostile bytes: bounded, and refused whole when anything is odd.

#include "netproxy/wire/dns.h"

namespace osh::netproxy::wire
{

inline constexpr std::size_t kMostDnsRecords = 128;       // of an answer, aliases included
inline constexpr std::size_t kMostAliases = 8;            // RFC 1034 section 3.6.2 wants one
inline constexpr std::size_t kMostRecordBytes = 8 * 1024; // of the data, all records together

// Of a NOERROR answer. Errc::Malformed, Errc::TooLarge.
Result<std::vector<DnsRecord>> parse_dns_records(Bytes message, std::uint16_t type);

} // namespace osh::netproxy::wire
