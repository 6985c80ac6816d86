#include "policy/model/upstream_proxy.h"

#include "policy/base/text.h"

#include <algorithm>
#include <charconv>

namespace osh::policy
{
namespace
{

constexpr std::size_t kMaxEntries = 512; // of NO_PROXY
constexpr std::size_t kMaxUrl = 4096, kLongestHost = 253;
constexpr std::uint16_t kHttpPort = 80;

std::optional<std::uint16_t> port_in(std::string_view digits)
{
    std::uint16_t port = 0;
    auto const* const end = digits.data() + digits.size();
    auto const parsed = std::from_chars(digits.data(), end, port);
    if (digits.empty() || parsed.ec != std::errc{} || parsed.ptr != end || port == 0)
        return std::nullopt;
    return port;
}

std::string base64(std::string_view bytes)
{
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); i += 3) {
        std::uint32_t group = 0;
        auto const count = std::min<std::size_t>(3, bytes.size() - i);
        for (std::size_t k = 0; k < 3; ++k)
            group = group << 8 | (k < count ? static_cast<std::uint8_t>(bytes[i + k]) : 0u);
        for (std::size_t k = 0; k < 4; ++k)
            out += k <= count ? kDigits[group >> (18 - 6 * k) & 63] : '=';
    }
    return out;
}

int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// RFC 3986 section 2.1; a lone percent sign stays one.
std::string unescaped(std::string_view text)
{
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        bool const has_two = text[i] == '%' && i + 2 < text.size();
        int const high = has_two ? digit_of(text[i + 1]) : -1;
        int const low = has_two ? digit_of(text[i + 2]) : -1;
        if (high < 0 || low < 0) {
            out += text[i];
            continue;
        }
        out += static_cast<char>(high * 16 + low);
        i += 2;
    }
    return out;
}

bool is_host_character(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_';
}

struct HostPort {
    std::string host;
    std::string_view port; // "" without one
};

std::optional<HostPort> host_and_port(std::string_view text)
{
    HostPort out;
    std::string_view host = text, rest;
    if (text.starts_with('[')) {
        auto const end = text.find(']');
        if (end == std::string_view::npos)
            return std::nullopt;
        host = text.substr(1, end - 1);
        rest = text.substr(end + 1);
    } else if (auto const colon = text.find(':'); colon != std::string_view::npos) {
        host = text.substr(0, colon);
        rest = text.substr(colon);
    }
    if (!rest.empty() && !rest.starts_with(':'))
        return std::nullopt;
    out.host = to_lower_ascii(host);
    out.port = rest.empty() ? rest : rest.substr(1);
    return out;
}

Error wrong(std::string_view what)
{
    return {Errc::Invalid, 0, std::string(what)};
}

Result<std::string> authorization_in(std::string_view user)
{
    auto const plain = unescaped(user);
    if (std::ranges::any_of(plain, [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
        return std::unexpected<Error>(wrong("the proxy's user or password has control characters"));
    auto const with_colon = plain.find(':') == std::string::npos ? plain + ":" : plain;
    return "Basic " + base64(with_colon);
}

} // namespace

Result<std::optional<UpstreamProxy>> parse_proxy(std::string_view text)
{
    using None = std::optional<UpstreamProxy>;
    auto rest = trimmed(text);
    if (rest.empty())
        return None();
    if (rest.size() > kMaxUrl)
        return std::unexpected<Error>(wrong("the proxy's URL is too long"));
    if (auto const scheme = rest.find("://"); scheme != std::string_view::npos) {
        auto const name = to_lower_ascii(rest.substr(0, scheme));
        if (name.starts_with("socks"))
            return std::unexpected<Error>(
                wrong("a SOCKS proxy cannot be used, only an http:// one; network.proxy = "
                      "\"none\" in the profile goes without"));
        if (name != "http")
            return std::unexpected<Error>(
                wrong("only http:// proxies are supported; network.proxy = \"none\" in the profile "
                      "goes without"));
        rest = rest.substr(scheme + 3);
    }
    rest = rest.substr(0, rest.find_first_of("/?#"));
    UpstreamProxy proxy;
    if (auto const at = rest.rfind('@'); at != std::string_view::npos) {
        LET(authorization, authorization_in(rest.substr(0, at)));
        proxy.authorization = std::move(authorization);
        rest = rest.substr(at + 1);
    }
    auto const place = host_and_port(rest);
    auto const port = place && !place->port.empty() ? port_in(place->port) : kHttpPort;
    bool const is_host =
        place && !place->host.empty() && place->host.size() <= kLongestHost
        && (std::ranges::all_of(place->host, is_host_character) || IpAddress::parse(place->host));
    if (!is_host || !port)
        return std::unexpected<Error>(wrong("the proxy's URL is not http://HOST:PORT"));
    proxy.host = place->host;
    proxy.port = *port;
    return std::optional(std::move(proxy));
}

NoProxy::NoProxy(std::string_view text)
{
    std::string words(text);
    std::ranges::replace(words, ' ', ',');
    for (auto const word : split(words, ',')) {
        auto const entry = to_lower_ascii(trimmed(word));
        if (entry.empty() || entries_.size() >= kMaxEntries)
            continue;
        is_everything_ = is_everything_ || entry == "*";
        if (auto const block = AddressBlock::parse(entry)) {
            entries_.push_back({"", *block, 0});
            continue;
        }
        auto const place = host_and_port(entry);
        auto const port =
            place && !place->port.empty() ? port_in(place->port) : std::optional<std::uint16_t>(0);
        if (!place || !port)
            continue; // as curl: what cannot be read covers nothing
        std::string_view name = place->host;
        if (auto const address = IpAddress::parse(name)) {
            entries_.push_back({"", AddressBlock::parse(address->text()), *port});
            continue;
        }
        if (name.starts_with("*."))
            name.remove_prefix(1);
        if (name.starts_with('.'))
            name.remove_prefix(1);
        if (!name.empty() && name != "*")
            entries_.push_back({std::string(name), std::nullopt, *port});
    }
}

bool NoProxy::covers(std::string_view host, std::uint16_t port) const
{
    if (is_everything_)
        return true;
    auto const address = IpAddress::parse(host);
    return std::ranges::any_of(entries_, [&](Entry const& entry) {
        if (entry.port != 0 && entry.port != port)
            return false;
        if (entry.block || address)
            return entry.block && address && entry.block->contains(*address);
        return host == entry.name
               || (host.size() > entry.name.size() && host.ends_with(entry.name)
                   && host[host.size() - entry.name.size() - 1] == '.');
    });
}

UpstreamProxy const* UpstreamProxies::for_target(std::string_view host, std::uint16_t port) const
{
    auto const& chosen = port == kHttpPort ? http : https;
    return chosen && !except.covers(host, port) ? &*chosen : nullptr;
}

} // namespace osh::policy
