#pragma once
// Tokens of a GraphQL document, October 2021 section 2.1. Strings are skipped over, not decoded.

#include <cstdint>
#include <string_view>

namespace osh::policy
{

struct GraphqlToken {
    enum class Kind : std::uint8_t { End, Punctuator, Name, Number, String, Bad };
    Kind kind = Kind::End;
    std::string_view text;
};

class GraphqlLexer
{
public:
    explicit GraphqlLexer(std::string_view document) : rest_(document) {}
    GraphqlToken next();

private:
    void skip_ignored();
    GraphqlToken take(GraphqlToken::Kind kind, std::size_t length);
    GraphqlToken name();
    GraphqlToken number();
    GraphqlToken string();
    GraphqlToken block_string();

    std::string_view rest_;
};

} // namespace osh::policy
