// Two texts, split at the first zero byte: the lines of their difference hold both, and what is
// shown of it has no control character but the newline and the tab.
#include "launcher/changes/line_diff.h"

#include "policy/base/check.h"
#include "policy/base/text.h"

#include <algorithm>
#include <cstdint>

namespace
{

using namespace osh::launcher;

std::string side(std::vector<DiffLine> const& lines, LineKind without)
{
    std::string text;
    for (auto const& line : lines)
        if (line.kind != without)
            text += std::string(line.text) + (line.has_newline ? "\n" : "");
    return text;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string_view const input(static_cast<char const*>(static_cast<void const*>(data)), size);
    std::size_t const cut = std::min(input.find('\0'), input.size());
    std::string_view const before = input.substr(0, cut);
    std::string_view const after = input.substr(std::min(cut + 1, input.size()));
    auto const lines = diff_lines(before, after);
    OSH_CHECK(side(lines, LineKind::Added) == before);
    OSH_CHECK(side(lines, LineKind::Removed) == after);
    auto const hunks =
        unified_hunks(lines, [](std::string_view line) { return osh::shown(line, 1000); });
    OSH_CHECK(hunks.empty() == (before == after));
    OSH_CHECK(std::none_of(hunks.begin(), hunks.end(),
        [](char c) { return static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t'; }));
    return 0;
}
