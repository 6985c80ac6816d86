#include "policy/evaluate/graphql_lexer.h"

namespace osh::policy
{
namespace
{

using Kind = GraphqlToken::Kind;

bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

} // namespace

GraphqlToken GraphqlLexer::take(Kind kind, std::size_t length)
{
    GraphqlToken const token{kind, rest_.substr(0, length)};
    rest_.remove_prefix(token.text.size());
    return token;
}

void GraphqlLexer::skip_ignored()
{
    constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
    for (;;) {
        std::size_t const blank = rest_.find_first_not_of(" \t\r\n,");
        rest_.remove_prefix(blank == std::string_view::npos ? rest_.size() : blank);
        if (rest_.starts_with(kByteOrderMark)) {
            rest_.remove_prefix(kByteOrderMark.size());
        } else if (rest_.starts_with('#')) {
            std::size_t const end = rest_.find_first_of("\r\n");
            rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end);
        } else {
            return;
        }
    }
}

GraphqlToken GraphqlLexer::name()
{
    std::size_t length = 1;
    while (length < rest_.size() && (is_letter(rest_[length]) || is_digit(rest_[length])))
        ++length;
    return take(Kind::Name, length);
}

GraphqlToken GraphqlLexer::number()
{
    std::size_t length = 1;
    while (length < rest_.size()
           && (is_digit(rest_[length])
               || std::string_view(".eE+-").find(rest_[length]) != std::string_view::npos))
        ++length;
    bool const is_glued = length < rest_.size() && is_letter(rest_[length]);
    return take(is_glued || (length == 1 && rest_[0] == '-') ? Kind::Bad : Kind::Number, length);
}

GraphqlToken GraphqlLexer::string()
{
    for (std::size_t i = 1; i < rest_.size(); ++i) {
        if (rest_[i] == '"')
            return take(Kind::String, i + 1);
        if (rest_[i] == '\n' || rest_[i] == '\r')
            break;
        if (rest_[i] == '\\')
            ++i;
    }
    return take(Kind::Bad, rest_.size());
}

GraphqlToken GraphqlLexer::block_string()
{
    for (std::size_t i = 3; i < rest_.size(); ++i) {
        if (rest_.substr(i).starts_with("\\\"\"\""))
            i += 3;
        else if (rest_.substr(i).starts_with("\"\"\""))
            return take(Kind::String, i + 3);
    }
    return take(Kind::Bad, rest_.size());
}

GraphqlToken GraphqlLexer::next()
{
    skip_ignored();
    if (rest_.empty())
        return {};
    char const c = rest_.front();
    if (is_letter(c))
        return name();
    if (is_digit(c) || c == '-')
        return number();
    if (rest_.starts_with("\"\"\""))
        return block_string();
    if (c == '"')
        return string();
    if (rest_.starts_with("..."))
        return take(Kind::Punctuator, 3);
    if (std::string_view("!$&():=@[]{|}").find(c) != std::string_view::npos)
        return take(Kind::Punctuator, 1);
    return take(Kind::Bad, 1);
}

} // namespace osh::policy
