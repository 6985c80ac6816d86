#pragma once
// What the agent changed in the person's terminal, and how to change it back. A program that is
// killed leaves the mouse on, the cursor hidden and the alternate screen up; the shell outside
// would then receive mouse reports as typed text.

#include "launcher/supervise/core/terminal_verdict.h"

#include <map>

namespace osh::launcher
{

class TerminalModes
{
public:
    void saw(ControlSequence const& sequence); // that passed
    void saw_escape(std::string_view intermediates, char final);
    void saw_command(std::string_view text);
    std::string reset(); // nothing if nothing is changed; then starts anew

private:
    std::map<unsigned, char> modes_; // that differ from their rest, with the final that undoes it
    unsigned pushed_keyboards_ = 0;
    bool has_style_ = false, has_cursor_ = false, has_region_ = false, has_keypad_ = false;
    bool has_keys_ = false, has_keyboard_flags_ = false, has_charset_ = false, has_insert_ = false;
    bool has_link_ = false;
};

} // namespace osh::launcher
