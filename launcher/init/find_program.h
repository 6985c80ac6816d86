#pragma once
// Executes a command as a shell would: PATH of its own environment, /bin/sh for a file without a
// known format, 127 for not found and 126 for cannot be executed. POSIX sh, "Command Search and
// Execution".

#include "launcher/init/words.h"

#include <string>
#include <vector>

namespace osh::launcher
{

// Returns only on failure.
WordFailed execute_program(
    std::vector<std::string> const& command, std::vector<std::string> const& environment);

} // namespace osh::launcher
