#include "policy/base/source_text.h"

#include "policy/base/text.h"

#include <algorithm>

namespace osh
{

SourceText::SourceText(std::string name, std::string text)
    : name_(std::move(name)), text_(std::move(text))
{
    line_starts_.push_back(0);
    for (std::size_t i = 0; i < text_.size(); ++i)
        if (text_[i] == '\n')
            line_starts_.push_back(static_cast<std::uint32_t>(i + 1));
}

LineColumn SourceText::place(std::uint32_t offset) const
{
    offset = std::min(offset, static_cast<std::uint32_t>(text_.size()));
    auto after = std::ranges::upper_bound(line_starts_, offset);
    auto const line = static_cast<std::uint32_t>(after - line_starts_.begin());
    std::string_view before = text();
    before = before.substr(line_starts_[line - 1], offset - line_starts_[line - 1]);
    LineColumn place{line, 1};
    while (!before.empty()) {
        char32_t c = 0;
        before.remove_prefix(std::max<std::size_t>(utf8_length(before, c), 1));
        ++place.column;
    }
    return place;
}

std::string_view SourceText::line(std::uint32_t number) const
{
    if (number == 0 || number > line_starts_.size())
        return {};
    std::string_view rest = text();
    rest.remove_prefix(line_starts_[number - 1]);
    rest = rest.substr(0, rest.find('\n'));
    if (rest.ends_with('\r'))
        rest.remove_suffix(1);
    return rest;
}

std::uint32_t SourceText::offset_of(std::uint32_t line, std::uint32_t column_in_bytes) const
{
    if (line == 0 || line > line_starts_.size())
        return static_cast<std::uint32_t>(text_.size());
    auto const offset = line_starts_[line - 1] + column_in_bytes - 1;
    return std::min(offset, static_cast<std::uint32_t>(text_.size()));
}

} // namespace osh
