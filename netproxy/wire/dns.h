#pragma once
// DNS messages (RFC 1035 section 4): one question in, one answer out. Not a resolver: nothing is
// looked up, nothing is forwarded.

#include "policy/base/bytes.h"
#include "policy/base/ip_address.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osh::netproxy::wire
{

inline constexpr std::size_t kLongestDnsName = 253; // as text, without the last dot
inline constexpr std::size_t kLongestDnsLabel = 63;
inline constexpr std::size_t kLongestDnsAnswer = 600; // question, one record, OPT
inline constexpr std::uint16_t kSmallestDnsUdp = 512; // RFC 1035 section 4.2.1
inline constexpr std::uint16_t kOurDnsUdp = 1232;     // fits every path, DNS flag day 2020
inline constexpr std::size_t kLongestRecordsAnswer = 12 * 1024; // over TCP
inline constexpr std::uint16_t kTypeA = 1, kTypePtr = 12, kTypeAaaa = 28, kTypeOpt = 41;

enum class DnsCode : std::uint8_t { // RFC 1035 section 4.1.1
    NoError = 0,
    FormatError = 1,
    ServerFailure = 2,
    NameError = 3,
    NotImplemented = 4,
    Refused = 5,
};

struct DnsQuestion {
    std::uint16_t id = 0;
    bool recursion_desired = false;
    bool has_edns = false;                    // RFC 6891; its options are never echoed
    std::uint16_t udp_size = kSmallestDnsUdp; // what the asker can take in a datagram
    std::uint16_t type = 0;
    std::string name; // lower case, no last dot; LDH and underscore only
    Bytes wire;       // name, type and class as they were asked: echoed byte by byte (0x20)
};

struct ParsedDns {
    // NoError: `question` is to be answered. Else the code to answer at once with; `question` then
    // holds what could be read. Nothing at all: do not answer.
    DnsCode code = DnsCode::NoError;
    DnsQuestion question;
};

std::optional<ParsedDns> parse_dns(Bytes message);

struct DnsHead { // what an answer repeats of its question
    std::uint16_t id = 0;
    bool recursion_desired = false;
    bool has_edns = false;
    Bytes question; // may be empty
};

DnsHead head_of(DnsQuestion const& question);

struct DnsRecord { // of the name and type that were asked for
    std::uint32_t ttl_seconds = 0;
    std::vector<std::byte> data; // names in it are spelled out
};
struct DnsRecords {
    std::uint16_t type = 0;
    std::vector<DnsRecord> const& records;
};

// Each writes a whole message and returns its size. `out` has kLongestDnsAnswer bytes.
std::size_t put_dns_code(MutableBytes out, DnsHead const& head, DnsCode code);
std::size_t put_dns_address(
    MutableBytes out, DnsHead const& head, IpAddress const& address, std::uint32_t ttl_seconds);
std::size_t put_dns_pointer(
    MutableBytes out, DnsHead const& head, std::string_view name, std::uint32_t ttl_seconds);
// As many bytes as `out` has; where the records do not fit, an empty answer that says so (TC).
std::size_t put_dns_records(MutableBytes out, DnsHead const& head, DnsRecords const& answer);

// The address that a PTR name asks for (RFC 1035 section 3.5, RFC 3596 section 2.5).
std::optional<IpAddress> address_of_pointer_name(std::string_view name);

} // namespace osh::netproxy::wire
