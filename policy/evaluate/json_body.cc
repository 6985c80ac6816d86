#include "policy/evaluate/json_body.h"

#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>
#include <limits>
#include <nlohmann/json.hpp>

namespace osh::policy
{
namespace
{

constexpr std::size_t kDeepest = 64;
constexpr std::size_t kMostValues = 100'000;

// Builds the tree from nlohmann's events; refuses by returning false, which stops the parser.
class TreeMaker : public nlohmann::json_sax<nlohmann::json>
{
public:
    bool null() override { return add({}); }
    bool boolean(bool is_true) override
    {
        JsonValue value;
        value.kind = JsonValue::Kind::Boolean;
        value.boolean = is_true;
        return add(std::move(value));
    }
    bool number_integer(number_integer_t number) override { return add_integer(number); }
    bool number_unsigned(number_unsigned_t number) override
    {
        constexpr auto kLargest =
            static_cast<number_unsigned_t>(std::numeric_limits<std::int64_t>::max());
        return number <= kLargest ? add_integer(static_cast<std::int64_t>(number)) : add_number();
    }
    bool number_float(number_float_t, string_t const&) override { return add_number(); }
    bool string(string_t& text) override
    {
        JsonValue value;
        value.kind = JsonValue::Kind::String;
        value.text = std::move(text);
        return add(std::move(value));
    }
    bool binary(binary_t&) override { return false; }
    bool start_object(std::size_t) override { return open(JsonValue::Kind::Object); }
    bool key(string_t& text) override
    {
        stack_.back().members.push_back({std::move(text), {}});
        return true;
    }
    bool end_object() override { return has_distinct_keys() && close(); }
    bool start_array(std::size_t) override { return open(JsonValue::Kind::Array); }
    bool end_array() override { return close(); }
    bool parse_error(std::size_t, std::string const&, nlohmann::detail::exception const&) override
    {
        return false;
    }

    std::string error_ = "the body is not valid JSON";
    JsonValue root_;

private:
    bool add_number()
    {
        JsonValue value;
        value.kind = JsonValue::Kind::Number;
        return add(std::move(value));
    }

    bool add_integer(std::int64_t number)
    {
        JsonValue value;
        value.kind = JsonValue::Kind::Number;
        value.integer = number;
        value.is_integer = true;
        return add(std::move(value));
    }

    // Sorted, not compared one by one: an object may have as many keys as there are values.
    bool has_distinct_keys()
    {
        std::vector<std::string_view> keys;
        keys.reserve(stack_.back().members.size());
        for (auto const& member : stack_.back().members)
            keys.push_back(member.key);
        std::ranges::sort(keys);
        bool const is_distinct = std::ranges::adjacent_find(keys) == keys.end();
        if (!is_distinct)
            error_ = "a JSON object names one key twice";
        return is_distinct;
    }

    bool open(JsonValue::Kind kind)
    {
        if (stack_.size() >= kDeepest) {
            error_ = "the JSON body is nested too deeply";
            return false;
        }
        stack_.emplace_back();
        stack_.back().kind = kind;
        return true;
    }

    bool close()
    {
        JsonValue value = std::move(stack_.back());
        stack_.pop_back();
        return add(std::move(value));
    }

    bool add(JsonValue value)
    {
        if (++count_ > kMostValues) {
            error_ = "the JSON body has too many values";
            return false;
        }
        if (stack_.empty())
            root_ = std::move(value);
        else if (stack_.back().kind == JsonValue::Kind::Array)
            stack_.back().items.push_back(std::move(value));
        else
            stack_.back().members.back().value = std::move(value);
        return true;
    }

    std::vector<JsonValue> stack_;
    std::size_t count_ = 0;
};

} // namespace

namespace
{

// In lower case, as encoding/json of Go folds: U+017F is an s, U+212A a k.
std::string folded(std::string_view key)
{
    std::string out;
    for (std::size_t i = 0; i < key.size(); ++i) {
        bool const is_long_s = key.substr(i, 2) == "\xc5\xbf";
        bool const is_kelvin = key.substr(i, 3) == "\xe2\x84\xaa";
        out += is_long_s ? 's' : is_kelvin ? 'k' : key[i];
        i += is_long_s ? 1 : is_kelvin ? 2 : 0;
    }
    return to_lower_ascii(out);
}

} // namespace

Result<> check_spelling(JsonValue const& object, std::span<std::string_view const> known)
{
    for (auto const& member : object.members) {
        if (std::ranges::find(known, member.key) != known.end())
            continue;
        auto const key = folded(member.key);
        for (auto const one : known)
            if (key == to_lower_ascii(one))
                return fail(Errc::Malformed,
                    fmt::format("the key {} could be read as {}", in_quotes(member.key, 40), one));
    }
    return {};
}

JsonValue const* JsonValue::find(std::string_view key) const
{
    for (auto const& member : members)
        if (member.key == key)
            return &member.value;
    return nullptr;
}

std::string const* JsonValue::find_text(std::string_view key) const
{
    JsonValue const* const value = find(key);
    return value && value->kind == Kind::String ? &value->text : nullptr;
}

Result<JsonValue> parse_json(std::string_view text)
{
    // The library takes a NUL for the end, so whatever follows it would be read by nobody but the
    // server.
    if (text.find('\0') != std::string_view::npos)
        return fail(Errc::Malformed, "the body is not valid JSON: it holds a NUL byte");
    TreeMaker maker;
    try {
        if (nlohmann::json::sax_parse(text.begin(), text.end(), &maker))
            return std::move(maker.root_);
    } catch (std::exception const&) {
        return fail(Errc::Malformed, "the body is not valid JSON");
    }
    return fail(Errc::Malformed, maker.error_);
}

} // namespace osh::policy
