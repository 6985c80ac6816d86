// DNS questions: whatever parses must be a name that rules can talk about, and each answer must fit
// its buffer.

#include "netproxy/wire/dns.h"
#include "policy/base/check.h"

#include <array>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using namespace osh;
    using namespace osh::netproxy::wire;
    auto const parsed = parse_dns(std::as_bytes(std::span(data, size)));
    if (!parsed)
        return 0;
    DnsQuestion const& question = parsed->question;
    std::array<std::byte, kLongestDnsAnswer> out;
    OSH_CHECK(put_dns_code(out, head_of(question), parsed->code) <= out.size());
    if (parsed->code != DnsCode::NoError)
        return 0;
    OSH_CHECK(!question.name.empty() && question.name.size() <= kLongestDnsName);
    for (char const c : question.name)
        OSH_CHECK(
            (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.');
    OSH_CHECK(question.name.find("..") == std::string::npos);
    auto const pointed = address_of_pointer_name(question.name);
    put_dns_address(out, head_of(question), pointed.value_or(IpAddress()), 60);
    put_dns_pointer(out, head_of(question), question.name, 60);
    return 0;
}
