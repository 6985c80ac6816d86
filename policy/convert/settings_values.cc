#include "policy/convert/settings_values.h"

#include "policy/base/ip_address.h"
#include "policy/base/text.h"
#include "policy/model/host_pattern.h"

#include <algorithm>
#include <charconv>

namespace osh::policy
{
namespace
{

// A domain without a port is every port in Claude Code; a policy names ports. These two are what a
// program meets that speaks HTTP.
constexpr std::uint16_t kWebPorts[] = {80, 443};

std::string_view without_tail(std::string_view text)
{
    if (text.ends_with("/**"))
        text.remove_suffix(3);
    while (text.size() > 1 && text.ends_with('/'))
        text.remove_suffix(1);
    return text;
}

std::string below(std::string_view base, std::string_view rest)
{
    while (rest.starts_with("./"))
        rest.remove_prefix(2);
    while (rest.starts_with('/'))
        rest.remove_prefix(1);
    if (rest.empty() || rest == ".")
        return std::string(base);
    return std::string(base) + "/" + std::string(rest);
}

std::string_view base_of(PathOrigin const& origin)
{
    bool const is_users = origin.scope == SettingsScope::User;
    return is_users && origin.kind == SettingsKind::ClaudeCode ? "~/.claude" : "$PROJECT";
}

std::optional<std::uint16_t> port_of(std::string_view digits)
{
    std::uint16_t port = 0;
    auto const [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc() || end != digits.data() + digits.size() || port == 0)
        return std::nullopt;
    return port;
}

bool is_name(std::string_view host)
{
    return !host.empty() && host.size() <= 253 && std::ranges::all_of(host, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'
               || c == '*';
    });
}

bool is_loopback(std::string_view host)
{
    return host == "localhost" || host.ends_with(".localhost") || host.starts_with("127.")
           || host == "::1";
}

// "*.example.com" takes every depth there and one label here.
std::string our_pattern(std::string const& host)
{
    return host.starts_with("*.") ? "*" + host : host;
}

} // namespace

std::optional<std::string> imported_path(std::string_view text, PathOrigin const& origin)
{
    text = without_tail(trimmed(text));
    auto const parts = split(text, '/');
    if (text.empty() || text.find('\0') != std::string_view::npos
        || std::ranges::find(parts, "..") != parts.end())
        return std::nullopt;
    if (text == "~" || text.starts_with("~/"))
        return below("~", text.substr(1));
    if (text.starts_with("//"))
        return below("", text);
    if (text.starts_with('/'))
        return origin.style == PathStyle::Sandbox ? std::string(text)
                                                  : below(base_of(origin), text);
    if (text.starts_with('$') || text.starts_with('~'))
        return std::nullopt; // neither variables nor other people's homes
    return below(base_of(origin), text);
}

bool has_path_pattern(std::string_view path)
{
    return path.find_first_of("*?[") != std::string_view::npos;
}

bool is_at_or_below_path(std::string_view path, std::string_view place)
{
    if (place == "/")
        return path.starts_with('/');
    return path.starts_with(place) && (path.size() == place.size() || path[place.size()] == '/');
}

HostResult imported_host(std::string_view text)
{
    std::string host = to_lower_ascii(trimmed(text));
    if (host.find('/') != std::string::npos)
        return {std::nullopt, "this is not a host: write a name without scheme and path"};
    ImportedHost out{{}, {std::begin(kWebPorts), std::end(kWebPorts)}};
    std::size_t const bracket = host.rfind(']');
    std::size_t const colon = host.rfind(':');
    bool const is_bare_v6 = bracket == std::string::npos && IpAddress::parse(host).has_value();
    bool const is_behind = bracket == std::string::npos || colon > bracket;
    if (colon != std::string::npos && !is_bare_v6 && is_behind) {
        auto const port = port_of(std::string_view(host).substr(colon + 1));
        if (!port)
            return {std::nullopt, "the port is not a number from 1 to 65535"};
        out.ports = {*port};
        host = host.substr(0, colon);
    }
    if (host.starts_with('[') && host.ends_with(']'))
        host = host.substr(1, host.size() - 2);
    if (host == "*" || host == "**")
        return {std::nullopt, "a policy cannot name every host; use the profile audit to look"};
    if (is_loopback(host))
        return {std::nullopt, "inside, this is the sandbox's own loopback, which needs no rule"};
    bool const is_address = IpAddress::parse(host).has_value();
    if (!is_address && !is_name(host))
        return {std::nullopt, "this is not a host name"};
    out.host = our_pattern(host);
    if (flaw_of_host(out.host).message.empty())
        return {out, ""};
    return {std::nullopt, "the pattern is too wide for a policy"};
}

} // namespace osh::policy
