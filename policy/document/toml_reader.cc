// TOML 1.0 -> Node, by toml++ in its mode without exceptions. Not here: what keys mean.
//
// toml++ gives line and column counted in code points; spans here are bytes. Its tables are sorted
// by key, so entries are put back into document order by the place of their key.

#include "policy/base/text.h"
#include "policy/document/node.h"

#include <algorithm>
#include <fmt/core.h>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#define TOML_ENABLE_WINDOWS_COMPAT 0
#define TOML_MAX_NESTED_VALUES 32
#include <toml++/toml.h>

namespace osh::policy
{
namespace
{

class TomlConverter
{
public:
    TomlConverter(Document& document, ReaderLimits const& limits)
        : document_(document), source_(*document.source), limits_(limits)
    {
    }

    Node table(toml::table const& from, std::size_t depth);
    Span span(toml::source_region const& region) const;
    void error(Span where, std::string code, std::string message);

private:
    Node value(toml::node const& from, std::size_t depth);
    Node scalar(toml::node const& from) const;
    std::uint32_t offset(toml::source_position const& place) const;
    Span trimmed_span(toml::source_region const& region) const;
    bool has_room(Span where, std::size_t depth);

    Document& document_;
    SourceText const& source_;
    ReaderLimits const& limits_;
    std::size_t nodes_ = 0;
    bool is_full_ = false;
};

// Columns count code points; toml++ skips a byte order mark, which is three bytes of the first
// line.
std::uint32_t TomlConverter::offset(toml::source_position const& place) const
{
    std::string_view line = source_.line(place.line);
    std::uint32_t bytes = 0;
    if (place.line == 1 && line.starts_with("\xef\xbb\xbf")) {
        bytes = 3;
        line.remove_prefix(3);
    }
    for (std::uint32_t column = 1; column < place.column && !line.empty(); ++column) {
        char32_t c = 0;
        std::size_t const length = std::max<std::size_t>(utf8_length(line, c), 1);
        bytes += static_cast<std::uint32_t>(length);
        line.remove_prefix(length);
    }
    return source_.offset_of(std::max<std::uint32_t>(place.line, 1), bytes + 1);
}

Span TomlConverter::span(toml::source_region const& region) const
{
    Span out{offset(region.begin), offset(region.end)};
    out.end = std::max(out.begin, out.end);
    return out;
}

// Values end where toml++ stopped reading: blanks behind them do not belong to them.
Span TomlConverter::trimmed_span(toml::source_region const& region) const
{
    Span out = span(region);
    std::string_view const text = source_.text();
    while (out.end > out.begin && out.end <= text.size()
           && std::string_view(" \t\r\n").find(text[out.end - 1]) != std::string_view::npos)
        --out.end;
    return out;
}

void TomlConverter::error(Span where, std::string code, std::string message)
{
    Diagnostic d;
    d.code = std::move(code);
    d.message = std::move(message);
    d.span = where;
    d.source = document_.source;
    document_.diagnostics.push_back(std::move(d));
}

bool TomlConverter::has_room(Span where, std::size_t depth)
{
    if (is_full_)
        return false;
    if (++nodes_ > limits_.nodes || depth > limits_.depth) {
        is_full_ = true;
        error(where, "too-large",
            depth > limits_.depth ? fmt::format("nested deeper than {} levels", limits_.depth)
                                  : fmt::format("more than {} values", limits_.nodes));
    }
    return !is_full_;
}

Node TomlConverter::scalar(toml::node const& from) const
{
    Node out;
    out.span = trimmed_span(from.source());
    out.scalar = source_.text().substr(out.span.begin, out.span.end - out.span.begin);
    if (auto const* text = from.as_string()) {
        out.kind = NodeKind::String;
        out.is_quoted = true;
        out.scalar = text->get();
    } else if (auto const* integer = from.as_integer()) {
        out.kind = NodeKind::Integer;
        out.integer = integer->get();
    } else if (auto const* number = from.as_floating_point()) {
        out.kind = NodeKind::Float;
        out.number = number->get();
    } else if (auto const* boolean = from.as_boolean()) {
        out.kind = NodeKind::Boolean;
        out.boolean = boolean->get();
    } else {
        out.kind = NodeKind::Float; // a date or time: no key of ours takes one
    }
    return out;
}

Node TomlConverter::value(toml::node const& from, std::size_t depth)
{
    if (auto const* inner = from.as_table())
        return table(*inner, depth);
    auto const* array = from.as_array();
    if (array == nullptr)
        return scalar(from);
    Node out;
    out.kind = NodeKind::List;
    out.span = trimmed_span(from.source());
    for (auto const& item : *array) {
        if (!has_room(trimmed_span(item.source()), depth + 1))
            break;
        out.items.push_back(value(item, depth + 1));
    }
    return out;
}

Node TomlConverter::table(toml::table const& from, std::size_t depth)
{
    Node out;
    out.kind = NodeKind::Map;
    out.span = trimmed_span(from.source());
    for (auto const& [key, item] : from) {
        Span const where = span(key.source());
        if (!has_room(where, depth + 1))
            break;
        out.entries.push_back({std::string(key.str()), where, value(item, depth + 1)});
    }
    std::ranges::stable_sort(out.entries, {}, [](auto const& e) { return e.key_span.begin; });
    return out;
}

// toml++ bounds nested values but not dotted keys ("a.a.a…"), and destroys tables recursively: a
// megabyte of dots would end the stack. Bare dots outside strings and comments are counted per key.
class DotCounter
{
public:
    explicit DotCounter(std::string_view text) : text_(text) {}
    // The offset where a run of dots exceeds the limit, or npos.
    std::size_t beyond(std::size_t limit);

private:
    void skip_string(char quote);
    std::string_view text_;
    std::size_t at_ = 0;
};

void DotCounter::skip_string(char quote)
{
    std::string const three(3, quote);
    bool const is_long = text_.substr(at_, 3) == three;
    at_ += is_long ? 3 : 1;
    while (at_ < text_.size()) {
        if (quote == '"' && text_[at_] == '\\') {
            at_ += 2;
        } else if (is_long && text_.substr(at_, 3) == three) {
            at_ += 3;
            return;
        } else if (!is_long && (text_[at_] == quote || text_[at_] == '\n')) {
            ++at_;
            return;
        } else {
            ++at_;
        }
    }
}

std::size_t DotCounter::beyond(std::size_t limit)
{
    std::size_t dots = 0;
    while (at_ < text_.size()) {
        char const c = text_[at_];
        if (c == '"' || c == '\'') {
            skip_string(c);
            continue;
        }
        if (c == '#')
            at_ = std::min(text_.find('\n', at_), text_.size());
        else if (c == '\n' || c == '=' || c == ',' || c == '{' || c == '[')
            dots = 0;
        else if (c == '.' && ++dots > limit)
            return at_;
        ++at_;
    }
    return std::string_view::npos;
}

std::string sentence_of(std::string_view description)
{
    std::string text = shown(description, 300);
    if (!text.empty() && text.back() == '.')
        text.pop_back();
    return text;
}

} // namespace

Document read_toml(std::string name, std::string text, ReaderLimits const& limits)
{
    Document document;
    bool const is_too_large = text.size() > limits.bytes;
    if (is_too_large)
        text.clear();
    document.source = std::make_shared<SourceText const>(std::move(name), std::move(text));
    TomlConverter converter(document, limits);
    if (is_too_large) {
        converter.error({}, "too-large", fmt::format("larger than {} bytes", limits.bytes));
        return document;
    }
    std::string_view const content = document.source->text();
    if (auto const dot = DotCounter(content).beyond(limits.depth); dot != std::string_view::npos) {
        auto const at = static_cast<std::uint32_t>(dot);
        converter.error(
            {at, at + 1}, "too-large", fmt::format("nested deeper than {} levels", limits.depth));
        return document;
    }
    toml::parse_result const parsed = toml::parse(content, std::string_view("profile"));
    if (!parsed) {
        converter.error(converter.span(parsed.error().source()), "toml-syntax",
            sentence_of(parsed.error().description()));
        return document;
    }
    document.root = converter.table(parsed.table(), 0);
    if (document.root.entries.empty())
        document.root = Node{};
    return document;
}

} // namespace osh::policy
