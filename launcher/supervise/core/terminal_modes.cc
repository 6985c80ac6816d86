#include "launcher/supervise/core/terminal_modes.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <utility>

namespace osh::launcher
{
namespace
{

constexpr unsigned kMaxPushed = 32; // more than any terminal keeps

// Cursor keys, reverse screen, mouse, focus, alternate screen, bracketed paste, synchronised
// output, colour reports. The alternate screen goes last by its number.
constexpr std::array<unsigned, 22> kOffAtRest{1, 5, 6, 9, 45, 47, 66, 1000, 1001, 1002, 1003, 1004,
    1005, 1006, 1015, 1016, 1047, 1049, 2004, 2026, 2031, 2048};
constexpr std::array<unsigned, 2> kOnAtRest{7, 25}; // wrapping, the cursor

template<typename List>
bool has(List const& list, unsigned value)
{
    return std::find(list.begin(), list.end(), value) != list.end();
}

unsigned first_of(ControlSequence const& sequence)
{
    return sequence.parameters.empty() ? 0 : sequence.parameters.front();
}

} // namespace

void TerminalModes::saw(ControlSequence const& sequence)
{
    char const final = sequence.final;
    bool const is_mode = final == 'h' || final == 'l';
    unsigned const first = first_of(sequence);
    if (sequence.intermediates == " " && final == 'q')
        has_cursor_ = first != 0;
    if (!sequence.intermediates.empty())
        return;
    if (is_mode && sequence.prefix == '?')
        for (unsigned const mode : sequence.parameters) {
            if (has(kOffAtRest, mode) && final == 'h')
                modes_[mode] = 'l';
            else if (has(kOnAtRest, mode) && final == 'l')
                modes_[mode] = 'h';
            else
                modes_.erase(mode);
        }
    else if (is_mode)
        has_insert_ = has_insert_ || final == 'h';
    else if (final == 'm' && sequence.prefix == 0)
        has_style_ = !sequence.parameters.empty() && sequence.parameters.back() != 0;
    else if (final == 'm' && sequence.prefix == '>')
        has_keys_ = true;
    else if (final == 'r' && sequence.prefix == 0)
        has_region_ = !sequence.parameters.empty();
    else if (final == 'u' && sequence.prefix == '>')
        pushed_keyboards_ = std::min(pushed_keyboards_ + 1, kMaxPushed);
    else if (final == 'u' && sequence.prefix == '<')
        pushed_keyboards_ -= std::min(pushed_keyboards_, std::max(first, 1U));
    else if (final == 'u' && sequence.prefix == '=')
        has_keyboard_flags_ = first != 0;
}

void TerminalModes::saw_escape(std::string_view intermediates, char final)
{
    if (intermediates == "(" || intermediates == ")")
        has_charset_ = final != 'B';
    else if (intermediates.empty() && (final == '=' || final == '>'))
        has_keypad_ = final == '=';
    else if (intermediates.empty() && (final == 'n' || final == 'o'))
        has_charset_ = true;
}

void TerminalModes::saw_command(std::string_view text)
{
    if (text.starts_with("8;"))
        has_link_ = !text.ends_with(';');
}

std::string TerminalModes::reset()
{
    TerminalModes const old = std::exchange(*this, {});
    std::string out;
    auto const add = [&out](bool wanted, std::string_view text) {
        if (wanted)
            out += text;
    };
    add(old.has_link_, "\x1b]8;;\x1b\\");
    if (old.pushed_keyboards_ > 0)
        out += fmt::format("\x1b[<{}u", old.pushed_keyboards_);
    add(old.has_keyboard_flags_, "\x1b[=0u");
    add(old.has_keys_, "\x1b[>4m");
    add(old.has_keypad_, "\x1b>");
    add(old.has_charset_, "\x1b(B\x1b)B\x0f");
    add(old.has_insert_, "\x1b[4l\x1b[20l");
    add(old.has_region_, "\x1b[r"); // before the screen is left: it moves the cursor
    for (auto const& [mode, final] : old.modes_)
        out += fmt::format("\x1b[?{}{}", mode, final);
    add(old.has_style_, "\x1b[m");
    add(old.has_cursor_, "\x1b[0 q");
    return out;
}

} // namespace osh::launcher
