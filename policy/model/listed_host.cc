#include "policy/model/listed_host.h"

#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

constexpr std::size_t kLongestName = 253, kLongestLabel = 63;

bool is_name_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool is_name(std::string_view name)
{
    auto const is_label = [](std::string_view label) {
        return !label.empty() && label.size() <= kLongestLabel
               && std::ranges::all_of(label, is_name_character);
    };
    return !name.empty() && name.size() <= kLongestName
           && std::ranges::all_of(split(name, '.'), is_label);
}

std::string_view behind_wildcard(std::string_view name)
{
    for (std::string_view const front : {"**.", "*."})
        if (name.starts_with(front))
            return name.substr(front.size());
    return name;
}

} // namespace

std::string_view ListedHost::zone() const
{
    return has_wildcard() ? behind_wildcard(name) : std::string_view{};
}

bool ListedHost::matches(std::string_view host) const
{
    if (!has_wildcard())
        return host == name;
    auto const below = zone();
    if (host.size() < below.size() + 2 || !host.ends_with(below)
        || host[host.size() - below.size() - 1] != '.')
        return false;
    bool const is_one_label =
        host.substr(0, host.size() - below.size() - 1).find('.') == std::string_view::npos;
    return is_one_label || name.starts_with("**");
}

Result<ListedHost> parse_listed_host(std::string_view text)
{
    auto name = to_lower_ascii(text);
    if (name.ends_with('.'))
        name.pop_back();
    if (!is_name(behind_wildcard(name)))
        return fail(Errc::Invalid, fmt::format("{} names no host: write \"example.com\", "
                                               "\"*.example.com\" or \"**.example.com\"",
                                       in_quotes(text)));
    return ListedHost{std::move(name)};
}

} // namespace osh::policy
