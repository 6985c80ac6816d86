#pragma once
// The journal a policy verb works on: a file, "-", or a session that runs or ran.

#include "policy/base/result.h"

#include <string>

namespace osh::cli
{

constexpr std::size_t kLargestJournal = 128 << 20; // bytes; a session keeps 100 MiB at most

// A word with a "/" or the name of a file that exists is a file; else a session ("last", an id, a
// unique beginning of one). A session's older lines come first.
Result<std::string> read_journal(std::string const& file_or_session);

} // namespace osh::cli
