#include "policy/document/core_schema.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <string_view>

namespace osh::policy
{
namespace
{

bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words)
{
    return std::ranges::find(words, text) != words.end();
}

bool parse_digits(std::string_view digits, int base, std::int64_t& value)
{
    if (digits.empty() || digits[0] == '+' || digits[0] == '-')
        return false;
    auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value, base);
    return error == std::errc() && end == digits.data() + digits.size();
}

bool is_integer(std::string_view text, std::int64_t& value)
{
    bool const negative = text.starts_with('-');
    std::string_view digits = text.substr(negative || text.starts_with('+') ? 1 : 0);
    bool parsed = false;
    if (digits.starts_with("0x"))
        parsed = parse_digits(digits.substr(2), 16, value);
    else if (digits.starts_with("0o"))
        parsed = parse_digits(digits.substr(2), 8, value);
    else if (digits.starts_with("0b"))
        parsed = parse_digits(digits.substr(2), 2, value);
    else if (digits.size() == 1 || !digits.starts_with('0'))
        parsed = parse_digits(digits, 10, value);
    if (parsed && negative)
        value = -value;
    return parsed;
}

// Digits with at most one point and an exponent; "1_000" and "007" are strings.
bool has_float_shape(std::string_view digits)
{
    std::size_t i = 0;
    std::size_t mantissa = 0;
    auto take_digits = [&] {
        std::size_t const from = i;
        while (i < digits.size() && digits[i] >= '0' && digits[i] <= '9')
            ++i;
        return i - from;
    };
    std::size_t const whole = take_digits();
    if (whole > 1 && digits[0] == '0')
        return false;
    mantissa = whole;
    if (i < digits.size() && digits[i] == '.') {
        ++i;
        mantissa += take_digits();
    }
    if (mantissa == 0)
        return false;
    if (i < digits.size() && (digits[i] == 'e' || digits[i] == 'E')) {
        ++i;
        if (i < digits.size() && (digits[i] == '+' || digits[i] == '-'))
            ++i;
        if (take_digits() == 0)
            return false;
    }
    return i == digits.size();
}

bool is_float(std::string_view text, double& value)
{
    bool const negative = text.starts_with('-');
    std::string_view const digits = text.substr(negative || text.starts_with('+') ? 1 : 0);
    if (is_one_of(digits, {".inf", ".Inf", ".INF"}))
        value = std::numeric_limits<double>::infinity();
    else if (is_one_of(text, {".nan", ".NaN", ".NAN"}))
        value = std::numeric_limits<double>::quiet_NaN();
    else if (has_float_shape(digits))
        std::from_chars(digits.data(), digits.data() + digits.size(), value);
    else
        return false;
    value = negative ? -value : value;
    return true;
}

} // namespace

void resolve_plain_scalar(Node& node)
{
    std::string_view const text = node.scalar;
    if (is_one_of(text, {"", "~", "null", "Null", "NULL"})) {
        node.kind = NodeKind::Null;
    } else if (is_one_of(text, {"true", "True", "TRUE", "false", "False", "FALSE"})) {
        node.kind = NodeKind::Boolean;
        node.boolean = text[0] == 't' || text[0] == 'T';
    } else if (is_integer(text, node.integer)) {
        node.kind = NodeKind::Integer;
    } else if (is_float(text, node.number)) {
        node.kind = NodeKind::Float;
    } else {
        node.kind = NodeKind::String;
    }
}

} // namespace osh::policy
