#pragma once
// JSON values as our messages use them (RFC 8259, narrowed): whole numbers up to 2^53, no duplicate
// keys, UTF-8 only, bounded size and depth. Not a general JSON library: fractions are refused.
// Parsing and writing never throw.

#include "policy/base/result.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace osh::policy::json
{

// Numbers stay exact in every JSON reader (IEEE 754 double).
inline constexpr std::int64_t kMaxNumber = std::int64_t{1} << 53;
inline constexpr std::size_t kMaxDepth = 16;
inline constexpr std::size_t kMaxValues = 16384; // values in one text: bounds memory per input byte

struct Member;

struct Value {
    using Array = std::vector<Value>;
    using Object = std::vector<Member>; // in order of appearance

    std::variant<std::monostate, bool, std::int64_t, std::string, Array, Object> data;

    bool is_null() const { return std::holds_alternative<std::monostate>(data); }
    bool const* boolean() const { return std::get_if<bool>(&data); }
    std::int64_t const* number() const { return std::get_if<std::int64_t>(&data); }
    std::string const* text() const { return std::get_if<std::string>(&data); }
    Array const* array() const { return std::get_if<Array>(&data); }
    Object const* object() const { return std::get_if<Object>(&data); }
    Value const* find(std::string_view key) const; // null if absent or not an object
};

struct Member {
    std::string key;
    Value value;
};

Result<Value> parse(std::string_view text, std::size_t limit);

// One line, no spaces, keys in order of insertion.
std::string write(Value const& value);

// Overwrites every text in it; for messages that carried a secret.
void wipe(Value& value);
void wipe(std::string& text);

} // namespace osh::policy::json
