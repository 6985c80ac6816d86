#pragma once
// A text that a person wrote, with its name: what diagnostics point into. Offsets are bytes from
// the start.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace osh
{

struct Span {
    std::uint32_t begin = 0; // first byte
    std::uint32_t end = 0;   // one past the last byte; may equal begin
};

struct LineColumn {
    std::uint32_t line = 1;   // from 1
    std::uint32_t column = 1; // from 1, counted in characters, a tab is one
};

class SourceText
{
public:
    SourceText(std::string name, std::string text);

    std::string const& name() const { return name_; }
    std::string_view text() const { return text_; }
    LineColumn place(std::uint32_t offset) const;
    std::string_view line(
        std::uint32_t number) const; // from 1, without its line end; "" beyond the end
    std::uint32_t line_count() const { return static_cast<std::uint32_t>(line_starts_.size()); }
    std::uint32_t offset_of(std::uint32_t line, std::uint32_t column_in_bytes) const; // both from 1

private:
    std::string name_;
    std::string text_;
    std::vector<std::uint32_t> line_starts_;
};

} // namespace osh
