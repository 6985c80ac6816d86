#include "policy/model/dns_opening.h"

#include "policy/base/text.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

struct Type {
    std::string_view name;
    std::uint16_t number;
};

// Not here: A, AAAA and PTR, which are answered without asking anyone; HTTPS and SVCB, which would
// switch encrypted ClientHellos on; NULL and ANY, which serve tunnels.
constexpr std::array kTypes{Type{"NS", 2}, Type{"CNAME", 5}, Type{"SOA", 6}, Type{"MX", 15},
    Type{"TXT", 16}, Type{"SRV", 33}, Type{"NAPTR", 35}, Type{"DS", 43}, Type{"SSHFP", 44},
    Type{"DNSKEY", 48}, Type{"TLSA", 52}, Type{"URI", 256}, Type{"CAA", 257}};

std::string all_types()
{
    std::string text;
    for (auto const& type : kTypes)
        text += fmt::format("{}{}", text.empty() ? "" : ", ", type.name);
    return text;
}

std::vector<std::string_view> words_of(std::string_view text)
{
    auto words = split(text, ' ');
    std::erase_if(words, [](std::string_view word) { return word.empty(); });
    return words;
}

} // namespace

bool DnsOpening::opens(std::string_view asked, std::uint16_t type) const
{
    return std::ranges::find(types, type) != types.end() && where.matches(asked);
}

Result<DnsOpening> parse_dns_opening(std::string_view text)
{
    auto const words = words_of(text);
    auto where = parse_listed_host(words.empty() ? "" : words.front());
    if (words.size() < 2 || !where.ok())
        return fail(
            Errc::Invalid, fmt::format("{}: write \"NAME TYPE\", for example \"example.com TXT "
                                       "MX\" or \"*.example.com SRV\"",
                               in_quotes(text)));
    DnsOpening opening{*std::move(where), {}};
    for (std::size_t i = 1; i < words.size(); ++i) {
        auto const known =
            std::ranges::find_if(kTypes, [&](Type const& type) { return type.name == words[i]; });
        if (known == kTypes.end())
            return fail(Errc::Invalid,
                fmt::format("{}: {} is no type of record that can be opened; these can: {}",
                    in_quotes(text), in_quotes(words[i]), all_types()));
        if (std::ranges::find(opening.types, known->number) == opening.types.end())
            opening.types.push_back(known->number);
    }
    return opening;
}

std::string dns_type_name(std::uint16_t type)
{
    auto const known =
        std::ranges::find_if(kTypes, [&](Type const& one) { return one.number == type; });
    return known == kTypes.end() ? fmt::format("TYPE{}", type) : std::string(known->name);
}

std::string_view host_behind_service(std::string_view name)
{
    while (name.starts_with('_') && name.find('.') != std::string_view::npos)
        name.remove_prefix(name.find('.') + 1);
    return name;
}

} // namespace osh::policy
