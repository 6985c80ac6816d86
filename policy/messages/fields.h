#pragma once
// One description per message, two directions: `describe(archive, message)` names each field once,
// FieldReader fills the message from JSON and FieldWriter makes JSON of it. So a field cannot be
// written under one name and read under another. Private to policy/messages.
//
//   need(key, member)  always written; its absence is an error
//   may(key, member)   written unless empty, zero or false; its absence (or null) leaves the
//   default

#include "policy/messages/json.h"

#include <algorithm>
#include <concepts>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace osh::policy
{

// Items in one list of a message; no list of ours comes near it.
inline constexpr std::size_t kMaxListItems = 1024;

enum class UnknownKeys { Refuse, Ignore };

// `describe(A&, Like<Setup> auto&)` takes a Setup& when reading and a Setup const& when writing.
template<typename M, typename T>
concept Like = std::same_as<std::remove_const_t<M>, T>;

template<typename T>
concept WholeNumber = std::integral<T> && !std::same_as<T, bool>;

class FieldWriter
{
public:
    void need(std::string_view key, auto const& member)
    {
        members_.push_back({std::string(key), value_of(member)});
    }
    void may(std::string_view key, auto const& member)
    {
        if (!is_blank(member))
            need(key, member);
    }
    json::Value take() { return {std::move(members_)}; }

private:
    static json::Value value_of(bool value) { return {value}; }
    static json::Value value_of(std::string const& value) { return {value}; }
    static json::Value value_of(WholeNumber auto value)
    {
        // Larger numbers (a counter after 2^53 bytes) stay at the largest exact one.
        return {std::in_range<std::int64_t>(value) ? std::clamp(
                    static_cast<std::int64_t>(value), -json::kMaxNumber, json::kMaxNumber)
                                                   : json::kMaxNumber};
    }
    template<typename T>
    static json::Value value_of(std::optional<T> const& value)
    {
        return value ? value_of(*value) : json::Value{};
    }
    template<typename T>
    static json::Value value_of(std::vector<T> const& list)
    {
        json::Value::Array array;
        for (auto const& item : list)
            array.push_back(value_of(item));
        return {std::move(array)};
    }
    template<typename T>
    requires std::is_class_v<T>
    static json::Value value_of(T const& message)
    {
        FieldWriter inner;
        describe(inner, message);
        return inner.take();
    }

    static bool is_blank(bool value) { return !value; }
    static bool is_blank(WholeNumber auto value) { return value == 0; }
    static bool is_blank(std::string const& value) { return value.empty(); }
    template<typename T>
    static bool is_blank(std::vector<T> const& list)
    {
        return list.empty();
    }
    template<typename T>
    static bool is_blank(std::optional<T> const& value)
    {
        return !value;
    }

    json::Value::Object members_;
};

// Keeps the first error, so that a description stays a plain list of fields.
class FieldReader
{
public:
    FieldReader(json::Value const& value, UnknownKeys unknown) : value_(value), unknown_(unknown)
    {
        if (value.object() == nullptr)
            refuse("an object is expected");
    }

    void need(std::string_view key, auto& member)
    {
        if (!read(key, member))
            refuse("key \"" + std::string(key) + "\" is missing");
    }
    void may(std::string_view key, auto& member) { read(key, member); }

    Result<> finish() const;

private:
    void refuse(std::string sentence)
    {
        if (!error_)
            error_ = Error{Errc::Malformed, 0, std::move(sentence)};
    }

    bool read(std::string_view key, auto& member)
    {
        known_.push_back(key);
        json::Value const* found = value_.find(key);
        if (found == nullptr || found->is_null())
            return false;
        if (!take(*found, member))
            refuse("key \"" + std::string(key) + "\" has a value of the wrong kind");
        return true;
    }

    bool take(json::Value const& from, bool& to)
    {
        bool const* value = from.boolean();
        return value != nullptr && (to = *value, true);
    }
    bool take(json::Value const& from, std::string& to)
    {
        std::string const* value = from.text();
        return value != nullptr && (to = *value, true);
    }
    template<WholeNumber T>
    bool take(json::Value const& from, T& to)
    {
        std::int64_t const* value = from.number();
        return value != nullptr && std::in_range<T>(*value) && (to = static_cast<T>(*value), true);
    }
    template<typename T>
    bool take(json::Value const& from, std::optional<T>& to)
    {
        return take(from, to.emplace());
    }
    template<typename T>
    bool take(json::Value const& from, std::vector<T>& to)
    {
        auto const* array = from.array();
        if (array == nullptr || array->size() > kMaxListItems)
            return false;
        to.resize(array->size());
        for (std::size_t i = 0; i < to.size(); ++i)
            if (!take((*array)[i], to[i]))
                return false;
        return true;
    }
    template<typename T>
    requires std::is_class_v<T>
    bool take(json::Value const& from, T& to)
    {
        FieldReader inner(from, unknown_);
        describe(inner, to);
        auto done = inner.finish();
        if (!done.ok())
            refuse(std::move(done).error().sentence);
        return true;
    }

    json::Value const& value_;
    UnknownKeys unknown_;
    std::vector<std::string_view> known_{"t"};
    std::optional<Error> error_;
};

} // namespace osh::policy
