#pragma once
// What a process needs just before it becomes another program: its three streams, its directory,
// its group, ordinary signal dispositions.

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <string>

namespace osh::sys
{

// The three become 0, 1 and 2; everything else becomes close-on-exec.
Result<> set_standard_streams(Fd const& in, Fd const& out, Fd const& err);
Result<> change_directory(std::string const& path);
Result<> new_process_group();
void reset_signals(); // default dispositions, nothing blocked
Result<Fd> open_in(Fd const& base, char const* name, int flags); // openat(2), O_CLOEXEC added
Result<> place_descriptor(Fd const& fd, int number);             // stays open across an exec
Result<> make_private_directory(std::string const& path); // mkdir(2) 0700; one that exists is fine
Result<Fd> duplicate(Fd const& fd, int lowest = 3);       // numbered `lowest` or above

} // namespace osh::sys
