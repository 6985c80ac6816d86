#pragma once
// Runs a program of the host and takes its standard output: with a given environment, no terminal,
// no input, in a session of its own, until a deadline. posix_spawn(3), not a shell. What the
// program starts and leaves behind is killed with its process group.

#include "policy/base/result.h"
#include "policy/base/time.h"

#include <cstddef>
#include <string>
#include <vector>

namespace osh::sys
{

struct CapturedCommand {
    std::vector<std::string> arguments;   // [0] is looked up in `search_path` unless it has a '/'
    std::vector<std::string> environment; // NAME=value
    std::vector<std::string> search_path; // absolute folders
    Duration timeout = 10s;
    std::size_t output_limit = 64 * 1024;
};

// The output of a program that ended with 0. Errc::NotFound: no such program; Errc::Busy: not done
// in time; Errc::TooLarge; Errc::Denied: it ended otherwise. No text of the program is in an error:
// it could hold the secret.
Result<std::string> run_captured(CapturedCommand const& command);

// The first executable file of that name; absolute paths are taken as they are.
Result<std::string> find_program(
    std::string const& name, std::vector<std::string> const& search_path);

} // namespace osh::sys
