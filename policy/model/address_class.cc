#include "policy/model/address_class.h"

#include <algorithm>
#include <array>

namespace osh::policy
{
namespace
{

struct Range {
    std::string_view block;
    std::string_view name;
};

// Never, whatever a policy says.
constexpr Range kNever[] = {
    {"0.0.0.0/8", "unspecified"},
    {"127.0.0.0/8", "loopback"},
    {"169.254.0.0/16", "link-local"},
    {"::/128", "unspecified"},
    {"::1/128", "loopback"},
    {"fe80::/10", "link-local"},
    {"224.0.0.0/4", "multicast"},
    {"ff00::/8", "multicast"},
};

// Metadata and credential services of clouds that do not live in link-local space.
constexpr Range kMetadata[] = {
    {"100.100.100.200/32", "metadata service"}, // Alibaba Cloud
    {"168.63.129.16/32", "metadata service"},   // Azure wire server
    {"192.0.0.192/32", "metadata service"},     // Oracle Cloud (classic)
    {"fd00:ec2::254/128", "metadata service"},  // AWS IMDS
    {"fd00:ec2::23/128", "metadata service"},   // AWS EKS pod identity
    {"fd20:ce::254/128", "metadata service"},   // Google Cloud
    {"fd00:42::42/128", "metadata service"},    // Scaleway
};

constexpr Range kInternal[] = {
    {"10.0.0.0/8", "private network"},
    {"172.16.0.0/12", "private network"},
    {"192.168.0.0/16", "private network"},
    {"100.64.0.0/10", "carrier-grade NAT"},
    {"192.0.0.0/24", "protocol assignments"},
    {"192.0.2.0/24", "documentation"},
    {"198.51.100.0/24", "documentation"},
    {"203.0.113.0/24", "documentation"},
    {"198.18.0.0/15", "benchmarking"},
    {"240.0.0.0/4", "reserved"},
    {"fc00::/7", "unique local"},
    {"fec0::/10", "site-local"},
};

struct ParsedRange {
    AddressBlock block;
    std::string_view name;
};

template<std::size_t N>
std::array<ParsedRange, N> parsed(Range const (&ranges)[N])
{
    std::array<ParsedRange, N> out;
    for (std::size_t i = 0; i < N; ++i)
        out[i] = {AddressBlock::parse(ranges[i].block).value_or(AddressBlock{}), ranges[i].name};
    return out;
}

template<std::size_t N>
std::string_view containing(std::array<ParsedRange, N> const& ranges, IpAddress const& address)
{
    for (auto const& range : ranges)
        if (range.block.contains(address))
            return range.name;
    return {};
}

AddressClass classify_plain(IpAddress const& address)
{
    static auto const never = parsed(kNever);
    static auto const metadata = parsed(kMetadata);
    static auto const internal = parsed(kInternal);
    if (auto name = containing(never, address); !name.empty())
        return {AddressKind::Never, name};
    if (auto name = containing(metadata, address); !name.empty())
        return {AddressKind::Never, name};
    if (auto name = containing(internal, address); !name.empty())
        return {AddressKind::Internal, name};
    return {AddressKind::Public, ""};
}

IpAddress v4_at(std::array<std::uint8_t, 16> const& bytes, std::size_t at)
{
    return IpAddress::from_v4(static_cast<std::uint32_t>(bytes[at]) << 24
                              | static_cast<std::uint32_t>(bytes[at + 1]) << 16
                              | static_cast<std::uint32_t>(bytes[at + 2]) << 8 | bytes[at + 3]);
}

// RFC 4291 §2.5.5.1 (compatible), RFC 6052 (NAT64), RFC 8215, RFC 3056 (6to4), RFC 4380 (Teredo).
AddressClass classify_embedded(IpAddress const& address)
{
    auto const& b = address.bytes();
    auto starts = [&](std::initializer_list<std::uint8_t> prefix) {
        return std::equal(prefix.begin(), prefix.end(), b.begin());
    };
    if (starts({0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0})
        || starts({0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0})
        || starts({0, 0x64, 0xff, 0x9b, 0, 1}))
        return classify_plain(v4_at(b, 12));
    if (starts({0x20, 0x02}))
        return classify_plain(v4_at(b, 2));
    if (starts({0x20, 0x01, 0, 0})) {
        auto inverted = b;
        for (std::size_t i = 12; i < 16; ++i)
            inverted[i] = static_cast<std::uint8_t>(~inverted[i]);
        return classify_plain(v4_at(inverted, 12));
    }
    return {AddressKind::Public, ""};
}

} // namespace

AddressClass classify(IpAddress const& address)
{
    AddressClass const plain = classify_plain(address);
    if (address.is_v4())
        return plain;
    AddressClass const inner = classify_embedded(address);
    return inner.kind > plain.kind ? inner : plain;
}

std::string_view overlapped_never_range(AddressBlock const& block)
{
    for (auto const& range : kNever) {
        auto const never = AddressBlock::parse(range.block);
        if (never && never->overlaps(block))
            return range.name;
    }
    return {};
}

bool is_control_plane_port(std::uint16_t port)
{
    constexpr std::uint16_t kPorts[] = {2379, 2380, 6443, 10250, 10255};
    return std::ranges::find(kPorts, port) != std::end(kPorts);
}

} // namespace osh::policy
