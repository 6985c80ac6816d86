#include "policy/messages/json.h"

#include "policy/base/text.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>

namespace osh::policy::json
{
namespace
{

// Receives nlohmann's SAX events and builds a Value. Returning false ends the parse; `refusal_`
// then says why. The parser itself keeps its nesting on the heap, so depth is bounded only here.
class Builder : public nlohmann::json_sax<nlohmann::json>
{
public:
    bool null() override { return add(Value{}); }
    bool boolean(bool value) override { return add(Value{value}); }
    bool number_integer(std::int64_t value) override
    {
        if (value > kMaxNumber || value < -kMaxNumber)
            return refuse(Errc::TooLarge, "a number is beyond 2^53");
        return add(Value{value});
    }
    bool number_unsigned(std::uint64_t value) override
    {
        if (value > static_cast<std::uint64_t>(kMaxNumber))
            return refuse(Errc::TooLarge, "a number is beyond 2^53");
        return add(Value{static_cast<std::int64_t>(value)});
    }
    bool number_float(double, std::string const&) override
    {
        return refuse(Errc::Malformed, "a number is not whole or beyond 2^53");
    }
    bool string(std::string& value) override { return add(Value{std::move(value)}); }
    bool binary(nlohmann::json::binary_t&) override { return false; } // JSON text has none
    bool start_object(std::size_t) override { return open(Value{Value::Object{}}); }
    bool start_array(std::size_t) override { return open(Value{Value::Array{}}); }
    bool end_object() override { return close(); }
    bool end_array() override { return close(); }

    bool key(std::string& value) override
    {
        auto const& members = std::get<Value::Object>(open_.back().data);
        bool const is_known =
            std::ranges::any_of(members, [&](Member const& member) { return member.key == value; });
        if (is_known)
            return refuse(Errc::Malformed, "key " + in_quotes(value, 40) + " appears twice");
        if (members.size() >= kMaxMembers)
            return refuse(Errc::TooLarge, "an object has too many keys");
        std::get<Value::Object>(open_.back().data).push_back({std::move(value), {}});
        return true;
    }

    bool parse_error(
        std::size_t position, std::string const&, nlohmann::json::exception const&) override
    {
        return refuse(Errc::Malformed, "not JSON at byte " + std::to_string(position));
    }

    Result<Value> take()
    {
        if (refusal_)
            return std::unexpected(*std::move(refusal_));
        if (!open_.empty() || !root_)
            return fail(Errc::Malformed, "not JSON: it ends too early");
        return *std::move(root_);
    }

private:
    // Keys are compared one by one; this keeps a hostile object from costing quadratic time.
    static constexpr std::size_t kMaxMembers = 256;

    bool refuse(Errc code, std::string sentence)
    {
        if (!refusal_)
            refusal_ = Error{code, 0, std::move(sentence)};
        return false;
    }

    bool open(Value value)
    {
        if (open_.size() >= kMaxDepth)
            return refuse(Errc::TooLarge, "JSON is nested too deeply");
        open_.push_back(std::move(value));
        return true;
    }

    bool close()
    {
        Value done = std::move(open_.back());
        open_.pop_back();
        return add(std::move(done));
    }

    bool add(Value value)
    {
        if (++count_ > kMaxValues)
            return refuse(Errc::TooLarge, "JSON has too many values");
        if (open_.empty())
            root_ = std::move(value);
        else if (auto* array = std::get_if<Value::Array>(&open_.back().data))
            array->push_back(std::move(value));
        else
            std::get<Value::Object>(open_.back().data).back().value = std::move(value);
        return true;
    }

    std::vector<Value> open_;
    std::optional<Value> root_;
    std::optional<Error> refusal_;
    std::size_t count_ = 0;
};

// Recursion is bounded: values come from parse() (kMaxDepth) or from our own structs.
struct Writer {
    std::string& out;

    void operator()(std::monostate) { out += "null"; }
    void operator()(bool value) { out += value ? "true" : "false"; }
    void operator()(std::int64_t value) { out += std::to_string(value); }
    void operator()(std::string const& value) { out += json_quoted(value); }
    void operator()(Value::Array const& array)
    {
        char separator = '[';
        for (auto const& item : array) {
            out += std::exchange(separator, ',');
            std::visit(*this, item.data);
        }
        out += separator == '[' ? "[]" : "]";
    }
    void operator()(Value::Object const& members)
    {
        char separator = '{';
        for (auto const& member : members) {
            out += std::exchange(separator, ',');
            out += json_quoted(member.key);
            out += ':';
            std::visit(*this, member.value.data);
        }
        out += separator == '{' ? "{}" : "}";
    }
};

} // namespace

Value const* Value::find(std::string_view key) const
{
    auto const* members = object();
    if (members == nullptr)
        return nullptr;
    for (auto const& member : *members)
        if (member.key == key)
            return &member.value;
    return nullptr;
}

Result<Value> parse(std::string_view text, std::size_t limit)
{
    if (text.size() > limit)
        return fail(Errc::TooLarge, "a message is longer than its limit");
    // A byte order mark is not part of JSON text (RFC 8259 section 8.1); the library would skip it.
    if (text.starts_with("\xef\xbb\xbf"))
        return fail(Errc::Malformed, "not JSON at byte 1");
    Builder builder;
    try {
        if (!nlohmann::json::sax_parse(text, &builder)) {
            auto refused = builder.take();
            if (!refused.ok())
                return refused;
            return fail(Errc::Malformed, "not JSON");
        }
    } catch (nlohmann::json::exception const&) {
        return fail(Errc::Malformed, "not JSON");
    }
    return builder.take();
}

std::string write(Value const& value)
{
    std::string out;
    std::visit(Writer{out}, value.data);
    return out;
}

void wipe(std::string& text)
{
    // volatile: the compiler may not drop writes to a text that is never read again.
    char volatile* bytes = text.data();
    for (std::size_t i = 0; i < text.size(); ++i)
        bytes[i] = '\0';
    text.clear();
}

void wipe(Value& value)
{
    if (auto* text = std::get_if<std::string>(&value.data))
        wipe(*text);
    if (auto* array = std::get_if<Value::Array>(&value.data))
        for (auto& item : *array)
            wipe(item);
    if (auto* members = std::get_if<Value::Object>(&value.data))
        for (auto& member : *members)
            wipe(member.value);
}

} // namespace osh::policy::json
