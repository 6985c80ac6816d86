#include "policy/model/added_host.h"

#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

constexpr std::size_t kLongestName = 253;

bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

} // namespace

Result<AddedHost> parse_added_host(std::string_view text)
{
    auto const wrong = fail(Errc::Invalid,
        fmt::format("{}: write NAME:IP, for example db.test:10.0.0.5", in_quotes(text)));
    auto const colon = text.find(':');
    if (colon == std::string_view::npos)
        return wrong;
    auto name = to_lower_ascii(text.substr(0, colon));
    if (name.ends_with('.'))
        name.pop_back();
    auto address = text.substr(colon + 1);
    if (address.size() > 2 && address.front() == '[' && address.back() == ']')
        address = address.substr(1, address.size() - 2);
    auto const parsed = IpAddress::parse(address);
    bool const is_name = !name.empty() && name.size() <= kLongestName
                         && std::ranges::all_of(name, is_name_character) && !IpAddress::parse(name);
    if (!is_name || !parsed)
        return wrong;
    return AddedHost{std::move(name), *parsed};
}

} // namespace osh::policy
