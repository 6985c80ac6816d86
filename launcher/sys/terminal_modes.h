#pragma once
// The modes behind RawMode, for the files of this library that need termios(3).

#include "launcher/sys/terminal.h"

#include <termios.h>

namespace osh::sys
{

struct RawMode::Modes {
    Fd terminal;
    termios before{}, raw{};
    bool is_set = false;
};

} // namespace osh::sys
