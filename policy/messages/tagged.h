#pragma once
// A JSON object with a "t" key to and from a variant of messages. Each message type names its word
// with `std::string_view word_of(std::type_identity<T>)`. Private to policy/messages.

#include "policy/base/text.h"
#include "policy/messages/fields.h"

#include <variant>

namespace osh::policy
{

template<typename Message>
json::Value tagged(Message const& message)
{
    FieldWriter writer;
    std::string const word(word_of(std::type_identity<Message>{}));
    writer.need("t", word);
    describe(writer, message);
    return writer.take();
}

template<typename Variant>
std::string encode_tagged(Variant const& variant)
{
    return std::visit([](auto const& message) { return json::write(tagged(message)); }, variant);
}

inline Result<std::string> word_in(json::Value const& value)
{
    json::Value const* word = value.find("t");
    if (word == nullptr || word->text() == nullptr)
        return fail(Errc::Malformed, "a message is an object with a text under \"t\"");
    return *word->text();
}

template<typename Variant>
struct TaggedDecoder;

template<typename... Messages>
struct TaggedDecoder<std::variant<Messages...>> {
    using Variant = std::variant<Messages...>;

    static Result<Variant> decode(json::Value const& value, UnknownKeys unknown)
    {
        LET(word, word_in(value));
        std::optional<Result<Variant>> decoded;
        (try_one<Messages>(word, value, unknown, decoded) || ...);
        if (!decoded)
            return fail(Errc::Unsupported, "unknown message " + in_quotes(word, 40));
        return *std::move(decoded);
    }

private:
    template<typename Message>
    static bool try_one(std::string_view word, json::Value const& value, UnknownKeys unknown,
        std::optional<Result<Variant>>& decoded)
    {
        if (word != word_of(std::type_identity<Message>{}))
            return false;
        FieldReader reader(value, unknown);
        Message message;
        describe(reader, message);
        auto done = reader.finish();
        if (done.ok())
            decoded.emplace(std::in_place, std::move(message));
        else
            decoded.emplace(fail_because(std::string(word), std::move(done).error()));
        return true;
    }
};

} // namespace osh::policy
