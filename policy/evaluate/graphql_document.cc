#include "policy/evaluate/graphql_document.h"

#include "policy/base/text.h"
#include "policy/evaluate/graphql_lexer.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <set>

namespace osh::policy
{
namespace
{

constexpr std::size_t kDeepest = 64;
constexpr std::size_t kMostTokens = 20'000;

using Kind = GraphqlToken::Kind;

struct Selection { // root level of an operation or fragment
    std::vector<std::string> fields;
    std::vector<std::string> spreads;
};

struct Operation {
    std::string type;
    std::string name;
    Selection selection;
};

struct Fragment {
    std::string name;
    Selection selection;
};

class DocumentParser
{
public:
    explicit DocumentParser(std::string_view document) : lexer_(document) { advance(); }

    Result<> parse();

    std::vector<Operation> operations_;
    std::vector<Fragment> fragments_;

private:
    void advance()
    {
        token_ = lexer_.next();
        ++count_;
    }
    bool at(std::string_view text) const
    {
        return (token_.kind == Kind::Punctuator || token_.kind == Kind::Name)
               && token_.text == text;
    }
    bool skip(std::string_view text)
    {
        bool const found = at(text);
        if (found)
            advance();
        return found;
    }
    std::unexpected<Error> unexpected() const
    {
        return fail(Errc::Malformed,
            token_.kind == Kind::End
                ? std::string("the GraphQL document ends too early")
                : fmt::format("unexpected {} in the GraphQL document", in_quotes(token_.text, 40)));
    }
    Result<> need(std::string_view text)
    {
        if (!skip(text))
            return unexpected();
        return {};
    }
    Result<std::string> need_name()
    {
        if (token_.kind != Kind::Name)
            return unexpected();
        std::string name(token_.text);
        advance();
        return name;
    }

    Result<> definition();
    Result<> operation(std::string type);
    Result<> fragment();
    Result<> variables(std::size_t depth);
    Result<> type_reference(std::size_t depth);
    Result<> directives(std::size_t depth);
    Result<> arguments(std::size_t depth);
    Result<> value(std::size_t depth);
    Result<> selection_set(Selection* root, std::size_t depth);
    Result<> selection(Selection* root, std::size_t depth);
    Result<> field(Selection* root, std::size_t depth);
    Result<> after_dots(Selection* root, std::size_t depth);

    GraphqlLexer lexer_;
    GraphqlToken token_;
    std::size_t count_ = 0;
};

Result<> DocumentParser::parse()
{
    while (token_.kind != Kind::End)
        TRY(definition());
    return {};
}

Result<> DocumentParser::definition()
{
    if (at("{"))
        return operation("query");
    if (token_.kind != Kind::Name)
        return unexpected();
    if (at("query") || at("mutation") || at("subscription")) {
        std::string type(token_.text);
        advance();
        return operation(std::move(type));
    }
    if (skip("fragment"))
        return fragment();
    return unexpected();
}

Result<> DocumentParser::operation(std::string type)
{
    Operation operation{std::move(type), {}, {}};
    if (token_.kind == Kind::Name) {
        operation.name = token_.text;
        advance();
    }
    TRY(variables(0));
    TRY(directives(0));
    TRY(selection_set(&operation.selection, 0));
    operations_.push_back(std::move(operation));
    return {};
}

Result<> DocumentParser::fragment()
{
    Fragment fragment;
    if (at("on"))
        return unexpected();
    LET(name, need_name());
    fragment.name = std::move(name);
    TRY(need("on"));
    TRY(need_name());
    TRY(directives(0));
    TRY(selection_set(&fragment.selection, 0));
    fragments_.push_back(std::move(fragment));
    return {};
}

Result<> DocumentParser::variables(std::size_t depth)
{
    if (!skip("("))
        return {};
    if (at(")"))
        return unexpected();
    while (!skip(")")) {
        TRY(need("$"));
        TRY(need_name());
        TRY(need(":"));
        TRY(type_reference(depth + 1));
        if (skip("="))
            TRY(value(depth + 1));
        TRY(directives(depth + 1));
    }
    return {};
}

Result<> DocumentParser::type_reference(std::size_t depth)
{
    if (depth > kDeepest || count_ > kMostTokens)
        return fail(Errc::TooLarge, "the GraphQL document is too deep or too long");
    if (skip("[")) {
        TRY(type_reference(depth + 1));
        TRY(need("]"));
    } else {
        TRY(need_name());
    }
    skip("!");
    return {};
}

Result<> DocumentParser::directives(std::size_t depth)
{
    while (skip("@")) {
        TRY(need_name());
        TRY(arguments(depth + 1));
    }
    return {};
}

Result<> DocumentParser::arguments(std::size_t depth)
{
    if (!skip("("))
        return {};
    if (at(")"))
        return unexpected();
    while (!skip(")")) {
        TRY(need_name());
        TRY(need(":"));
        TRY(value(depth + 1));
    }
    return {};
}

Result<> DocumentParser::value(std::size_t depth)
{
    if (depth > kDeepest || count_ > kMostTokens)
        return fail(Errc::TooLarge, "the GraphQL document is too deep or too long");
    if (skip("$")) {
        TRY(need_name());
        return {};
    }
    if (skip("[")) {
        while (!skip("]"))
            TRY(value(depth + 1));
        return {};
    }
    if (skip("{")) {
        while (!skip("}")) {
            TRY(need_name());
            TRY(need(":"));
            TRY(value(depth + 1));
        }
        return {};
    }
    if (token_.kind != Kind::Name && token_.kind != Kind::Number && token_.kind != Kind::String)
        return unexpected();
    advance();
    return {};
}

Result<> DocumentParser::selection_set(Selection* root, std::size_t depth)
{
    if (depth > kDeepest || count_ > kMostTokens)
        return fail(Errc::TooLarge, "the GraphQL document is too deep or too long");
    TRY(need("{"));
    if (at("}"))
        return unexpected();
    while (!skip("}"))
        TRY(selection(root, depth));
    return {};
}

Result<> DocumentParser::selection(Selection* root, std::size_t depth)
{
    if (skip("..."))
        return after_dots(root, depth);
    return field(root, depth);
}

Result<> DocumentParser::field(Selection* root, std::size_t depth)
{
    LET(first, need_name());
    std::string name = std::move(first);
    if (skip(":")) { // the first was an alias
        LET(second, need_name());
        name = std::move(second);
    }
    TRY(arguments(depth + 1));
    TRY(directives(depth + 1));
    if (at("{"))
        TRY(selection_set(nullptr, depth + 1));
    if (root)
        root->fields.push_back(std::move(name));
    return {};
}

Result<> DocumentParser::after_dots(Selection* root, std::size_t depth)
{
    if (token_.kind == Kind::Name && !at("on")) {
        if (root)
            root->spreads.emplace_back(token_.text);
        advance();
        return directives(depth + 1);
    }
    if (skip("on"))
        TRY(need_name());
    TRY(directives(depth + 1));
    return selection_set(root, depth + 1); // an inline fragment adds to the same level
}

std::vector<std::string> root_fields(Selection const& start, std::vector<Fragment> const& fragments)
{
    std::map<std::string_view, Selection const*> by_name;
    for (auto const& fragment : fragments)
        by_name.emplace(fragment.name, &fragment.selection);
    std::set<std::string> fields;
    std::vector<Selection const*> open{&start};
    while (!open.empty()) {
        Selection const* const at = open.back();
        open.pop_back();
        fields.insert(at->fields.begin(), at->fields.end());
        for (auto const& name : at->spreads)
            if (auto const found = by_name.find(name); found != by_name.end()) {
                open.push_back(found->second);
                by_name.erase(found); // once
            }
    }
    return {fields.begin(), fields.end()};
}

// GraphQL section 5.2.1.1 and 5.5.1.1. Of two with one name a server may take the other one.
template<typename Named>
Result<> check_distinct(std::vector<Named> const& all)
{
    std::set<std::string_view> names;
    for (auto const& one : all)
        if (!names.insert(one.name).second)
            return fail(Errc::Malformed,
                fmt::format("the GraphQL document has {} twice", in_quotes(one.name, 60)));
    return {};
}

} // namespace

Result<GraphqlOperation> parse_graphql(std::string_view document, std::string_view operation_name)
{
    DocumentParser parser(document);
    TRY(parser.parse());
    TRY(check_distinct(parser.fragments_));
    if (parser.operations_.empty())
        return fail(Errc::Malformed, "the GraphQL document has no operation");
    auto selected = parser.operations_.begin();
    if (parser.operations_.size() > 1)
        TRY(check_distinct(parser.operations_));
    if (!operation_name.empty()) {
        selected = std::ranges::find(parser.operations_, operation_name, &Operation::name);
        if (selected == parser.operations_.end())
            return fail(Errc::Malformed, fmt::format("the GraphQL document has no operation {}",
                                             in_quotes(operation_name, 60)));
    } else if (parser.operations_.size() > 1) {
        return fail(
            Errc::Malformed, "the GraphQL document has several operations and none is named");
    }
    return GraphqlOperation{
        selected->type, selected->name, root_fields(selected->selection, parser.fragments_), {}};
}

} // namespace osh::policy
