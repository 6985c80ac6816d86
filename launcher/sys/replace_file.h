#pragma once
// A file replaced as a whole: readers see the old text or the new one, and a full disk loses
// nothing (rename(2)). What it is not: a lock against another writer.

#include "policy/base/result.h"

#include <string>
#include <string_view>

namespace osh::sys
{

// The file must exist, be a regular one and no link; its mode is kept. On an error it is as it was.
Result<> replace_file(std::string const& path, std::string_view text);

} // namespace osh::sys
