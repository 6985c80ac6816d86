#include "launcher/supervise/core/terminal_verdict.h"

#include <algorithm>
#include <array>
#include <cctype>

namespace osh::launcher
{
namespace
{

struct Allowed {
    char prefix;
    std::string_view intermediates, finals;
};
// Drawing, modes, and questions whose answers are numbers. Left out with reason: i (prints the
// screen), * y and $ w (read the screen back), " p (8-bit answers), = c (answers with a string).
constexpr std::array kAllowed{Allowed{0, "", "@ABCDEFGHIJKLMPSTXZ`abcdefghlmnrstu"},
    Allowed{'?', "", "hlJKnusrmcW"}, Allowed{'>', "", "cmnqu"}, Allowed{'=', "", "u"},
    Allowed{'<', "", "u"}, Allowed{0, " ", "q@A"}, Allowed{0, "!", "p"}, Allowed{0, "$", "prtvxz"},
    Allowed{'?', "$", "p"}, Allowed{0, "\"", "q"}, Allowed{0, "'", "}~"}, Allowed{0, "#", "pq{}"}};

// Sizes, and the stack of titles. 20 and 21 would type the title back; 1 to 10 move the window.
constexpr std::array<unsigned, 7> kWindowWords{14, 15, 16, 18, 19, 22, 23};
// VT52 mode changes the language itself; printing; a log file; paste events carry the clipboard.
constexpr std::array<unsigned, 5> kRefusedPrivateModes{2, 18, 19, 46, 5522};
constexpr std::array<unsigned, 3> kAnsiModes{4, 12, 20}; // 2 would lock the keyboard
constexpr std::array<unsigned, 4> kPrivateReports{6, 996, 997, 15};

// Titles, colours, progress, prompt marks. Left out: 52 (clipboard), 50 (font: its answer is text
// that the agent chose, CVE-2022-45063), 7 and 1337 (orders to the terminal), 9, 99, 777
// (notifications in the desktop's name).
constexpr std::array<std::string_view, 17> kCommands{"0", "1", "2", "4", "10", "11", "12", "17",
    "19", "104", "110", "111", "112", "117", "119", "133", "22"};
constexpr std::array<std::string_view, 3> kLinkSchemes{"http://", "https://", "mailto:"};

template<typename List, typename Value>
bool has(List const& list, Value const& value)
{
    return std::find(list.begin(), list.end(), value) != list.end();
}

template<typename List>
bool has_all(List const& list, std::vector<unsigned> const& values)
{
    return std::all_of(
        values.begin(), values.end(), [&](unsigned value) { return has(list, value); });
}

bool is_listed(ControlSequence const& sequence)
{
    return std::any_of(kAllowed.begin(), kAllowed.end(), [&](Allowed const& allowed) {
        return allowed.prefix == sequence.prefix && allowed.intermediates == sequence.intermediates
               && allowed.finals.find(sequence.final) != std::string_view::npos;
    });
}

bool may_pass_modes(ControlSequence const& sequence)
{
    if (sequence.prefix == 0)
        return has_all(kAnsiModes, sequence.parameters);
    return std::none_of(sequence.parameters.begin(), sequence.parameters.end(),
        [](unsigned mode) { return has(kRefusedPrivateModes, mode); });
}

bool starts_with_ignoring_case(std::string_view text, std::string_view start)
{
    return text.size() >= start.size()
           && std::equal(start.begin(), start.end(), text.begin(), [](char a, char b) {
                  return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
              });
}

bool may_pass_link(std::string_view rest) // parameters;address, the address empty at a link's end
{
    auto const split = rest.find(';');
    if (split == std::string_view::npos)
        return false;
    auto const address = rest.substr(split + 1);
    return address.empty()
           || std::any_of(kLinkSchemes.begin(), kLinkSchemes.end(),
               [&](std::string_view scheme) { return starts_with_ignoring_case(address, scheme); });
}

} // namespace

bool may_pass_escape(std::string_view intermediates, char final)
{
    constexpr std::string_view kPlain = "678 9DEHMNO=>c\\no|}~";
    constexpr std::string_view kDesignations = "()*+-./";
    if (intermediates.empty())
        return final != ' ' && kPlain.find(final) != std::string_view::npos;
    // Left out: % (leaves UTF-8, and with it our reading of the bytes) and space (8-bit answers).
    if (intermediates == "#")
        return final >= '3' && final <= '8';
    return kDesignations.find(intermediates.front()) != std::string_view::npos;
}

bool may_pass(ControlSequence const& sequence)
{
    if (!is_listed(sequence))
        return false;
    if (!sequence.intermediates.empty())
        return true;
    switch (sequence.final) {
    case 'h':
    case 'l': return may_pass_modes(sequence);
    case 't': return !sequence.parameters.empty() && has(kWindowWords, sequence.parameters.front());
    case 'n': return sequence.prefix != '?' || has_all(kPrivateReports, sequence.parameters);
    default: return true;
    }
}

bool may_pass_string(StringKind kind, std::string_view text)
{
    // Device strings (DECRQSS, XTGETTCAP, macros, sixel) answer or program the terminal; the others
    // are terminal-made inventions.
    if (kind != StringKind::Command)
        return false;
    auto const split = text.find(';');
    auto const number = text.substr(0, split);
    auto const rest = split == std::string_view::npos ? "" : text.substr(split + 1);
    if (number == "8")
        return may_pass_link(rest);
    if (number == "9")
        return rest.starts_with("4;"); // progress
    return has(kCommands, number);
}

} // namespace osh::launcher
