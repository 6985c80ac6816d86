#include "policy/base/diagnostic.h"

#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh
{
namespace
{

constexpr std::size_t kWidestLine = 160; // a longer source line is shown around the caret only

char const* name_of(Severity severity)
{
    switch (severity) {
    case Severity::Error: return "error";
    case Severity::Warning: return "warning";
    case Severity::Note: return "note";
    }
    return "error";
}

struct Excerpt {
    std::string text;  // one printable character for each character of the line
    std::size_t caret; // characters before the caret
    std::size_t width; // carets
};

// Each character becomes exactly one printable one, so that the caret below stays under its token.
Excerpt excerpt(SourceText const& source, Span span)
{
    LineColumn const begin = source.place(span.begin);
    LineColumn const end = source.place(std::max(span.end, span.begin));
    std::string_view line = source.line(begin.line);
    std::vector<std::string> characters;
    while (!line.empty()) {
        char32_t c = 0;
        std::size_t const length = utf8_length(line, c);
        std::string const piece(line.substr(0, std::max<std::size_t>(length, 1)));
        bool const plain = length != 0 && shown(piece) == piece;
        characters.push_back(plain ? piece : c == '\t' && length == 1 ? " " : "?");
        line.remove_prefix(piece.size());
    }
    std::size_t const caret = std::min<std::size_t>(begin.column - 1, characters.size());
    std::size_t const stop = end.line == begin.line ? end.column - 1 : characters.size();
    std::size_t const first =
        caret > kWidestLine / 2 && characters.size() > kWidestLine ? caret - kWidestLine / 2 : 0;
    std::size_t const last = std::min(characters.size(), first + kWidestLine);
    Excerpt out{first > 0 ? "…" : "", caret - first + (first > 0 ? 1 : 0), 1};
    for (std::size_t i = first; i < last; ++i)
        out.text += characters[i];
    if (stop > caret)
        out.width = std::min(stop, last) - caret;
    return out;
}

} // namespace

bool has_errors(Diagnostics const& diagnostics)
{
    return std::ranges::any_of(
        diagnostics, [](auto const& d) { return d.severity == Severity::Error; });
}

std::string render(Diagnostic const& diagnostic)
{
    std::string out;
    if (diagnostic.source) {
        auto const place = diagnostic.source->place(diagnostic.span.begin);
        auto const part = excerpt(*diagnostic.source, diagnostic.span);
        out = fmt::format("{}:{}:{}: {}: {}\n", shown(diagnostic.source->name()), place.line,
            place.column, name_of(diagnostic.severity), diagnostic.message);
        out += fmt::format("{:>5} | {}\n", place.line, part.text);
        out += fmt::format("      | {}{}", std::string(part.caret, ' '),
            std::string(std::max<std::size_t>(part.width, 1), '^'));
        out += diagnostic.label.empty() ? "\n" : " " + diagnostic.label + "\n";
    } else {
        out = fmt::format("{}: {}\n", name_of(diagnostic.severity), diagnostic.message);
    }
    if (!diagnostic.help.empty())
        out += "help: " + diagnostic.help + "\n";
    return out;
}

std::string render(Diagnostics const& diagnostics)
{
    std::string out;
    for (auto const& diagnostic : diagnostics) {
        if (!out.empty())
            out += "\n";
        out += render(diagnostic);
    }
    return out;
}

std::string render_json(Diagnostics const& diagnostics)
{
    std::string out = "[";
    for (auto const& d : diagnostics) {
        auto const place = d.source ? d.source->place(d.span.begin) : LineColumn{0, 0};
        out += out.size() > 1 ? "," : "";
        out += fmt::format(
            R"({{"file":{},"line":{},"column":{},"severity":"{}","code":{},"message":{},"label":{},"help":{}}})",
            json_quoted(d.source ? d.source->name() : ""), place.line, place.column,
            name_of(d.severity), json_quoted(d.code), json_quoted(d.message), json_quoted(d.label),
            json_quoted(d.help));
    }
    return out + "]";
}

} // namespace osh
