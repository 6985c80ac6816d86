#include "policy/evaluate/body_reading.h"

#include "policy/base/text.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

constexpr std::size_t kShown = 60;
constexpr std::array<std::string_view, 3> kCharsets{"utf-8", "utf8", "us-ascii"};

std::string_view without_quotes(std::string_view text)
{
    text = trimmed(text);
    if (text.size() >= 2 && text.starts_with('"') && text.ends_with('"'))
        text = text.substr(1, text.size() - 2);
    return text;
}

int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

// The name of a form's field as servers of all kinds read it: unescaped, without blanks around it,
// up to a bracket (PHP, Rails).
std::string field_name(std::string_view pair)
{
    auto const raw = pair.substr(0, pair.find('='));
    std::string name;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        bool const is_escape =
            raw[i] == '%' && i + 2 < raw.size() && digit(raw[i + 1]) >= 0 && digit(raw[i + 2]) >= 0;
        if (is_escape) {
            name += static_cast<char>(digit(raw[i + 1]) * 16 + digit(raw[i + 2]));
            i += 2;
        } else {
            name += raw[i] == '+' ? ' ' : raw[i];
        }
    }
    std::string_view const cut = trimmed(std::string_view(name).substr(0, name.find('[')));
    return std::string(cut);
}

// curl's -d calls any text a form, and servers of JSON know that: such a body is read as what it
// is, unless as a form it would say something as well.
bool names_any(std::string_view body, std::span<std::string_view const> keys)
{
    while (!body.empty()) {
        auto const end = body.find_first_of("&;");
        auto const pair = body.substr(0, end);
        body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
        if (pair.find('=') == std::string_view::npos)
            continue;
        auto const name = field_name(pair);
        if (std::ranges::any_of(
                keys, [&](std::string_view key) { return equals_ignoring_case(name, key); }))
            return true;
    }
    return false;
}

Result<> check_charset(std::string_view parameter)
{
    auto const equals = parameter.find('=');
    auto const name = trimmed(parameter.substr(0, equals));
    if (!to_lower_ascii(name).starts_with("charset"))
        return {};
    auto const value = equals == std::string_view::npos
                           ? std::string_view{}
                           : without_quotes(parameter.substr(equals + 1));
    auto const is_it = [&](std::string_view one) { return equals_ignoring_case(value, one); };
    if (std::ranges::any_of(kCharsets, is_it))
        return {};
    return fail(Errc::Malformed,
        fmt::format("the body's charset is {}, and JSON is UTF-8", in_quotes(value, kShown)));
}

Result<> check_type(
    std::string_view value, std::string_view body, std::span<std::string_view const> keys)
{
    for (auto const item : split(value, ','))
        for (auto const parameter : split(item, ';'))
            TRY(check_charset(parameter));
    auto const lower = to_lower_ascii(value);
    auto const type = trimmed(std::string_view(lower).substr(0, lower.find(';')));
    if (lower.find("multipart/") != std::string::npos)
        return fail(Errc::Malformed, "a body of several parts cannot be judged");
    bool const is_json = type == "application/json" || type.ends_with("+json");
    if (!is_json && names_any(body, keys))
        return fail(Errc::Malformed,
            fmt::format("the body is {}, which could be read as a form", in_quotes(value, kShown)));
    return {};
}

} // namespace

Result<> check_reading(
    std::span<Header const> headers, std::string_view body, std::span<std::string_view const> keys)
{
    std::size_t types = 0;
    for (auto const& header : headers) {
        bool const is_encoded = equals_ignoring_case(header.name, "content-encoding")
                                && !equals_ignoring_case(trimmed(header.value), "identity");
        if (is_encoded)
            return fail(Errc::Unsupported,
                fmt::format("the body's Content-Encoding is {}, and a body that is judged must "
                            "come as it is",
                    in_quotes(header.value, kShown)));
        if (!equals_ignoring_case(header.name, "content-type"))
            continue;
        if (++types > 1)
            return fail(Errc::Malformed, "two Content-Type fields");
        TRY(check_type(header.value, body, keys));
    }
    return {};
}

} // namespace osh::policy
