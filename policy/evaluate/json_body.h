#pragma once
// JSON of a request body as a bounded tree, for rules that look inside (GraphQL, JSON-RPC, MCP).
// RFC 8259, strictly: one value, UTF-8, no duplicate keys (a server may read the other one),
// bounded depth.

#include "policy/base/result.h"

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace osh::policy
{

struct JsonValue {
    enum class Kind : std::uint8_t { Null, Boolean, Number, String, Array, Object };
    struct Member;

    Kind kind = Kind::Null;
    std::string text;         // when String
    std::int64_t integer = 0; // when Number and is_integer
    bool is_integer = false;  // a whole number that fits
    bool boolean = false;     // when Boolean
    std::vector<JsonValue> items;
    std::vector<Member> members;

    bool is_object() const { return kind == Kind::Object; }
    JsonValue const* find(std::string_view key) const; // null if absent or no object
    std::string const* find_text(std::string_view key) const;
};

struct JsonValue::Member {
    std::string key;
    JsonValue value;
};

Result<JsonValue> parse_json(std::string_view text);

// Servers that read keys without regard to case (Go's encoding/json, Newtonsoft) take "Query" for
// "query", and of both the later one. An error where a key of the object is a known one in all but
// its spelling.
Result<> check_spelling(JsonValue const& object, std::span<std::string_view const> known);

} // namespace osh::policy
