#include "launcher/supervise/core/flag_layers.h"

#include "policy/base/ip_address.h"
#include "policy/base/text.h"
#include "policy/model/host_service.h"

#include <algorithm>
#include <charconv>
#include <fmt/core.h>
#include <optional>

namespace osh::launcher
{
namespace
{

struct FlagTarget {
    std::string host, method;
    std::optional<std::uint16_t> port;
};

bool is_host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_'
           || c == '*';
}

bool is_method_character(char c)
{
    return (c >= 'A' && c <= 'Z') || c == '_' || c == '*';
}

// "[2001:db8::1]", as in a URL (RFC 3986 section 3.2.2) -> the address as policies write it, and
// what follows it; "" when it is none.
std::string take_bracketed(std::string_view& rest)
{
    auto const end = rest.find(']');
    if (end == std::string_view::npos)
        return {};
    auto const address = IpAddress::parse(rest.substr(1, end - 1));
    if (!address || rest.substr(1, end - 1).find(':') == std::string_view::npos)
        return {};
    rest = rest.substr(end + 1);
    return address->text();
}

Result<FlagTarget> target_of(std::string_view flag, std::string const& text)
{
    auto const wrong = fail(
        Errc::Invalid, fmt::format("{} {}: write HOST, HOST:PORT or HOST:PORT/METHOD, for example "
                                   "api.example.com:443/GET or [2001:db8::1]:443",
                           flag, in_quotes(text)));
    std::string_view rest = text;
    FlagTarget target;
    if (auto const slash = rest.find('/'); slash != std::string_view::npos) {
        target.method = rest.substr(slash + 1);
        rest = rest.substr(0, slash);
        if (target.method.empty()
            || !std::all_of(target.method.begin(), target.method.end(), is_method_character))
            return wrong;
    }
    bool const is_bracketed = rest.starts_with('[');
    if (is_bracketed) {
        target.host = take_bracketed(rest);
        if (target.host.empty() || (!rest.empty() && !rest.starts_with(':')))
            return wrong;
    }
    if (auto const colon = rest.find(':'); colon != std::string_view::npos) {
        std::string_view const digits = rest.substr(colon + 1);
        std::uint16_t port = 0;
        auto const parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
        if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size() || port == 0)
            return wrong;
        target.port = port;
        rest = rest.substr(0, colon);
    }
    if (is_bracketed)
        return target;
    target.host = to_lower_ascii(rest);
    if (target.host.empty()
        || !std::all_of(target.host.begin(), target.host.end(), is_host_character))
        return wrong;
    return target;
}

std::string rule_head(std::string const& name, FlagTarget const& target, std::uint16_t port)
{
    return fmt::format("  {0}:\n    name: {0}\n    endpoints:\n      - host: \"{1}\"\n"
                       "        port: {2}\n",
        name, target.host, port);
}

constexpr std::string_view kAnyProgram = "    binaries:\n      - path: \"/**\"\n";
constexpr std::string_view kJudged = "        protocol: rest\n        enforcement: enforce\n";

} // namespace

Result<std::string> layer_of_flags(
    std::vector<std::string> const& allow, std::vector<std::string> const& deny)
{
    if (allow.empty() && deny.empty())
        return std::string();
    std::string text = "version: 1\nnetwork_policies:\n";
    int number = 0;
    for (auto const& flag : allow) {
        LET(target, target_of("--allow", flag));
        text +=
            rule_head(fmt::format("flag_allow_{}", ++number), target, target.port.value_or(443));
        if (!target.method.empty())
            text += fmt::format("{}        rules:\n          - allow: {{method: \"{}\", path: "
                                "\"/**\"}}\n",
                kJudged, target.method);
        text += kAnyProgram;
    }
    for (auto const& flag : deny) {
        LET(target, target_of("--deny", flag));
        // A refusal needs something to refuse: everything is allowed and then denied, which wins
        // over every other rule for this host.
        for (std::uint16_t const port : {std::uint16_t{443}, std::uint16_t{80}}) {
            if (target.port && port != 443)
                break;
            text += rule_head(
                fmt::format("flag_deny_{}", ++number), target, target.port.value_or(port));
            text += fmt::format("{}        access: full\n        deny_rules:\n          - "
                                "{{method: \"*\", path: \"**\"}}\n{}",
                kJudged, kAnyProgram);
        }
    }
    return text;
}

std::string layer_of_host_ports(std::vector<std::uint16_t> const& ports)
{
    if (ports.empty())
        return {};
    std::string text = "version: 1\nnetwork_policies:\n";
    for (auto const port : ports)
        text += rule_head(fmt::format("connect_{}", port),
                    {std::string(policy::kHostServiceName), "", port}, port)
                + std::string(kAnyProgram);
    return text;
}

} // namespace osh::launcher
