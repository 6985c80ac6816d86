#include "policy/evaluate/query.h"

#include "policy/base/text.h"

#include <algorithm>
#include <charconv>

namespace osh::policy
{
namespace
{

constexpr std::size_t kMostPairs = 1000;

bool is_utf8(std::string_view text)
{
    while (!text.empty()) {
        char32_t c = 0;
        std::size_t const length = utf8_length(text, c);
        if (length == 0)
            return false;
        text.remove_prefix(length);
    }
    return true;
}

Result<std::string> decoded(std::string_view raw)
{
    std::string out;
    for (std::size_t i = 0; i < raw.size(); ++i) {
        if (raw[i] == '+') {
            out += ' ';
        } else if (raw[i] != '%') {
            out += raw[i];
        } else {
            unsigned byte = 0;
            char const* const digits = raw.data() + i + 1;
            bool const has_two = i + 2 < raw.size();
            auto const parsed = std::from_chars(digits, has_two ? digits + 2 : digits, byte, 16);
            if (!has_two || parsed.ptr != digits + 2)
                return fail(Errc::Malformed, "the query contains a malformed percent escape");
            out += static_cast<char>(byte);
            i += 2;
        }
    }
    if (!is_utf8(out))
        return fail(Errc::Malformed, "the query does not decode to UTF-8");
    return out;
}

std::vector<std::string> const* values_of(QueryValues const& values, std::string const& key)
{
    auto const found = values.find(key);
    return found == values.end() || found->second.empty() ? nullptr : &found->second;
}

} // namespace

Result<QueryValues> parse_query(std::string_view raw)
{
    QueryValues out;
    if (raw.empty())
        return out;
    std::size_t count = 0;
    for (auto pair : split(raw, '&')) {
        if (pair.empty())
            continue;
        if (++count > kMostPairs)
            return fail(Errc::TooLarge, "the query has too many parameters");
        std::size_t const equals = pair.find('=');
        LET(key, decoded(pair.substr(0, equals)));
        LET(value, decoded(equals == std::string_view::npos ? std::string_view{}
                                                            : pair.substr(equals + 1)));
        out[key].push_back(std::move(value));
    }
    return out;
}

bool allows_query(std::vector<KeyedMatcher> const& matchers, QueryValues const& values)
{
    return std::ranges::all_of(matchers, [&](KeyedMatcher const& one) {
        auto const* const given = values_of(values, one.key);
        return given && std::ranges::all_of(*given, [&](std::string const& value) {
            return one.matcher.matches(value);
        });
    });
}

bool denies_query(std::vector<KeyedMatcher> const& matchers, QueryValues const& values)
{
    return std::ranges::all_of(matchers, [&](KeyedMatcher const& one) {
        auto const* const given = values_of(values, one.key);
        return given && std::ranges::any_of(*given, [&](std::string const& value) {
            return one.matcher.matches(value);
        });
    });
}

} // namespace osh::policy
