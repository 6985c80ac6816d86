#pragma once
// The difference of two texts in lines, as a unified diff (diff(1), git-diff(1)). Myers, "An
// O(ND) Difference Algorithm" (1986), greedy. Pure; bounded: beyond kMaxEdits the whole middle is
// shown as replaced, which is right, too, only longer.

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace osh::launcher
{

inline constexpr std::size_t kMaxEdits = 2000; // memory grows with its square: 16 MB
inline constexpr std::size_t kContext = 3;     // lines

enum class LineKind : char { Same = ' ', Removed = '-', Added = '+' };
struct DiffLine {
    LineKind kind = LineKind::Same;
    std::string_view text; // without its newline; points into the texts
    bool has_newline = true;
};

std::vector<DiffLine> diff_lines(std::string_view before, std::string_view after);

// "@@ -1,3 +1,4 @@" and lines; "" when nothing differs. `line` says how a line's text is written.
std::string unified_hunks(
    std::vector<DiffLine> const& lines, std::function<std::string(std::string_view)> const& line);

} // namespace osh::launcher
