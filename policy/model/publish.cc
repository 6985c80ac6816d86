#include "policy/model/publish.h"

#include "policy/base/text.h"

#include <charconv>
#include <fmt/core.h>
#include <optional>

namespace osh::policy
{
namespace
{

constexpr std::string_view kForm = "write PORT, HOSTPORT:PORT or 127.0.0.1:HOSTPORT:PORT";

std::optional<std::uint16_t> port_in(std::string_view digits)
{
    std::uint16_t port = 0;
    auto const* const end = digits.data() + digits.size();
    auto const parsed = std::from_chars(digits.data(), end, port);
    if (digits.empty() || parsed.ec != std::errc{} || parsed.ptr != end)
        return std::nullopt;
    return port;
}

// The part before the ports, "" when the text begins with a port. Takes it off `rest`.
std::string_view take_host(std::string_view& rest)
{
    std::size_t end = 0;
    if (rest.starts_with('[')) {
        end = rest.find(']');
        end = end == std::string_view::npos ? rest.size() : end + 1;
    } else {
        end = rest.find(':');
        if (end == std::string_view::npos || end == 0 || port_in(rest.substr(0, end)))
            return {};
    }
    auto const host = rest.substr(0, end);
    rest.remove_prefix(end);
    if (rest.starts_with(':'))
        rest.remove_prefix(1);
    return host;
}

Result<LoopbackFamily> family_of(std::string_view host)
{
    if (host.empty() || host == "localhost")
        return LoopbackFamily::Both;
    if (host == "127.0.0.1")
        return LoopbackFamily::V4;
    if (host == "[::1]")
        return LoopbackFamily::V6;
    return fail(Errc::Invalid,
        fmt::format("{} is not this machine's loopback: a published port is reachable at "
                    "127.0.0.1 and [::1] only",
            in_quotes(host)));
}

} // namespace

Result<PublishSpec> parse_publish(std::string_view text)
{
    auto rest = text;
    LET(family, family_of(take_host(rest)));
    auto const ports = split(rest, ':');
    auto const first = port_in(ports.front());
    auto const last = port_in(ports.back());
    if (ports.size() > 2 || !first || !last)
        return fail(Errc::Invalid, fmt::format("{}: {}", in_quotes(text), kForm));
    if (*last == 0)
        return fail(Errc::Invalid,
            fmt::format("{}: the port inside cannot be 0; 0:PORT lets osh choose the one outside",
                in_quotes(text)));
    return PublishSpec{family, *first, *last};
}

std::string text_of(PublishSpec const& spec)
{
    std::string_view const host = spec.family == LoopbackFamily::V4   ? "127.0.0.1:"
                                  : spec.family == LoopbackFamily::V6 ? "[::1]:"
                                                                      : "";
    return fmt::format("{}{}:{}", host, spec.host_port, spec.inside_port);
}

} // namespace osh::policy
