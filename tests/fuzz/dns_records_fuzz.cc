// A resolver's answer: whatever is taken out of it fits its bounds, and can be written and read
// again as the same.

#include "netproxy/wire/dns_records.h"
#include "policy/base/check.h"

#include <array>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using namespace osh;
    using namespace osh::netproxy::wire;
    if (size < 2)
        return 0;
    auto const type = static_cast<std::uint16_t>(data[0] << 8 | data[1]);
    auto const records = parse_dns_records(std::as_bytes(std::span(data, size)).subspan(2), type);
    if (!records.ok())
        return 0;
    OSH_CHECK(records->size() <= kMostDnsRecords);
    std::size_t total = 0;
    for (auto const& record : *records)
        total += record.data.size();
    OSH_CHECK(total <= kMostRecordBytes);
    std::array<std::byte, kLongestRecordsAnswer> out;
    static constexpr std::array<unsigned char, 7> kQuestion{1, 'a', 0, 0, 16, 0, 1};
    DnsHead const head{7, true, true, std::as_bytes(std::span(kQuestion))};
    auto const written = put_dns_records(out, head, {type, *records});
    OSH_CHECK(written <= out.size());
    auto const again = parse_dns_records(Bytes(out).first(written), type);
    OSH_CHECK(again.ok() && again->size() == records->size());
    for (std::size_t i = 0; i < again->size(); ++i)
        OSH_CHECK((*again)[i].data == (*records)[i].data);
    return 0;
}
