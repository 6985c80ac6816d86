#include "launcher/changes/line_diff.h"

#include <algorithm>
#include <cstdint>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

struct Line {
    std::string_view text;
    bool has_newline = true;
    friend bool operator==(Line const&, Line const&) = default;
};
using Lines = std::vector<Line>;

Lines lines_of(std::string_view text)
{
    Lines lines;
    while (!text.empty()) {
        std::size_t const end = text.find('\n');
        bool const has_newline = end != std::string_view::npos;
        lines.push_back({text.substr(0, end), has_newline});
        text.remove_prefix(has_newline ? end + 1 : text.size());
    }
    return lines;
}

void put(std::vector<DiffLine>& out, LineKind kind, Line const& line)
{
    out.push_back({kind, line.text, line.has_newline});
}

// The shortest edit script between two texts without a common start or end. A diagonal is x - y: so
// many lines of the old text were taken more than of the new one.
class Script
{
public:
    Script(Lines const& before, Lines const& after)
        : before_(before), after_(after), rows_(static_cast<std::int32_t>(before.size())),
          columns_(static_cast<std::int32_t>(after.size())),
          most_(static_cast<std::int32_t>(std::min(before.size() + after.size(), kMaxEdits))),
          furthest_(static_cast<std::size_t>(2 * most_ + 3), 0)
    {
    }

    void append_to(std::vector<DiffLine>& out)
    {
        if (is_found()) {
            std::vector<DiffLine> steps;
            walk_back(steps);
            out.insert(out.end(), steps.rbegin(), steps.rend());
            return;
        }
        for (auto const& line : before_)
            put(out, LineKind::Removed, line);
        for (auto const& line : after_)
            put(out, LineKind::Added, line);
    }

private:
    using Row = std::vector<std::int32_t>;

    Line const& old_line(std::int32_t x) const { return before_[static_cast<std::size_t>(x)]; }
    Line const& new_line(std::int32_t y) const { return after_[static_cast<std::size_t>(y)]; }
    std::int32_t& x_on(std::int32_t diagonal)
    {
        return furthest_[static_cast<std::size_t>(diagonal + most_ + 1)];
    }

    // The row as it was before this many edits: diagonals -edits to edits.
    Row snapshot(std::int32_t edits) const
    {
        auto const middle = furthest_.begin() + most_ + 1;
        return {middle - edits, middle + edits + 1};
    }

    bool is_found()
    {
        for (std::int32_t edits = 0; edits <= most_; ++edits) {
            trace_.push_back(snapshot(edits));
            for (std::int32_t diagonal = -edits; diagonal <= edits; diagonal += 2)
                if (advance(edits, diagonal))
                    return true;
        }
        return false;
    }

    bool advance(std::int32_t edits, std::int32_t diagonal)
    {
        bool const is_down =
            diagonal == -edits || (diagonal != edits && x_on(diagonal - 1) < x_on(diagonal + 1));
        std::int32_t x = is_down ? x_on(diagonal + 1) : x_on(diagonal - 1) + 1;
        while (x < rows_ && x - diagonal < columns_ && old_line(x) == new_line(x - diagonal))
            ++x;
        x_on(diagonal) = x;
        return x >= rows_ && x - diagonal >= columns_;
    }

    void walk_back(std::vector<DiffLine>& steps) const
    {
        std::int32_t x = rows_, y = columns_;
        for (auto edits = static_cast<std::int32_t>(trace_.size()) - 1; edits > 0; --edits) {
            Row const& row = trace_[static_cast<std::size_t>(edits)];
            auto const was = [&](std::int32_t on) {
                return row[static_cast<std::size_t>(on + edits)];
            };
            std::int32_t const diagonal = x - y;
            bool const is_down =
                diagonal == -edits || (diagonal != edits && was(diagonal - 1) < was(diagonal + 1));
            std::int32_t const from = is_down ? diagonal + 1 : diagonal - 1;
            walk_diagonal(steps, x, y, {was(from), was(from) - from});
            if (is_down)
                put(steps, LineKind::Added, new_line(--y));
            else
                put(steps, LineKind::Removed, old_line(--x));
        }
        walk_diagonal(steps, x, y, {0, 0});
    }

    struct Point {
        std::int32_t x, y;
    };
    void walk_diagonal(
        std::vector<DiffLine>& steps, std::int32_t& x, std::int32_t& y, Point to) const
    {
        for (; x > to.x && y > to.y; --y)
            put(steps, LineKind::Same, old_line(--x));
    }

    Lines const &before_, &after_;
    std::int32_t rows_, columns_, most_;
    Row furthest_;
    std::vector<Row> trace_;
};

struct Span { // of lines that are shown together
    std::size_t first = 0, end = 0;
};

std::vector<Span> spans_of(std::vector<DiffLine> const& lines)
{
    std::vector<Span> spans;
    for (std::size_t i = 0; i < lines.size(); ++i) {
        if (lines[i].kind == LineKind::Same)
            continue;
        std::size_t const first = i - std::min(i, kContext);
        std::size_t const end = std::min(i + kContext + 1, lines.size());
        if (!spans.empty() && first <= spans.back().end)
            spans.back().end = end;
        else
            spans.push_back({first, end});
    }
    return spans;
}

// "12,3"; an empty range names the line before it.
std::string range_text(std::size_t before, std::size_t length)
{
    std::size_t const first = length == 0 ? before : before + 1;
    return length == 1 ? fmt::format("{}", first) : fmt::format("{},{}", first, length);
}

} // namespace

std::vector<DiffLine> diff_lines(std::string_view before, std::string_view after)
{
    Lines old_lines = lines_of(before), new_lines = lines_of(after);
    auto const shorter = std::min(old_lines.size(), new_lines.size());
    std::size_t start = 0, end = 0;
    while (start < shorter && old_lines[start] == new_lines[start])
        ++start;
    while (end < shorter - start
           && old_lines[old_lines.size() - 1 - end] == new_lines[new_lines.size() - 1 - end])
        ++end;
    std::vector<DiffLine> out;
    for (std::size_t i = 0; i < start; ++i)
        put(out, LineKind::Same, old_lines[i]);
    auto const middle = [&](Lines const& lines) {
        return Lines(lines.begin() + static_cast<std::ptrdiff_t>(start),
            lines.end() - static_cast<std::ptrdiff_t>(end));
    };
    Lines const old_middle = middle(old_lines), new_middle = middle(new_lines);
    Script(old_middle, new_middle).append_to(out);
    for (std::size_t i = old_lines.size() - end; i < old_lines.size(); ++i)
        put(out, LineKind::Same, old_lines[i]);
    return out;
}

std::string unified_hunks(
    std::vector<DiffLine> const& lines, std::function<std::string(std::string_view)> const& line)
{
    std::string out;
    std::size_t at = 0, old_at = 0, new_at = 0;
    auto const step = [&](std::size_t& old_count, std::size_t& new_count) {
        old_count += lines[at].kind != LineKind::Added ? 1 : 0;
        new_count += lines[at].kind != LineKind::Removed ? 1 : 0;
        ++at;
    };
    for (auto const& span : spans_of(lines)) {
        while (at < span.first)
            step(old_at, new_at);
        std::string body;
        std::size_t old_count = 0, new_count = 0;
        while (at < span.end) {
            auto const& one = lines[at];
            body += static_cast<char>(one.kind) + line(one.text) + "\n";
            body += one.has_newline ? "" : "\\ No newline at end of file\n";
            step(old_count, new_count);
        }
        out += fmt::format("@@ -{} +{} @@\n{}", range_text(old_at, old_count),
            range_text(new_at, new_count), body);
        old_at += old_count;
        new_at += new_count;
    }
    return out;
}

} // namespace osh::launcher
