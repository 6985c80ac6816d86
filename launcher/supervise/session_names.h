#pragma once
// From what a person writes for a session (osh(1)) to its id: the id, a unique beginning of it,
// "last", or the name of `osh run --name`. Asks running sessions for their names and reads the
// reports of those that ended, newest first; not how sessions are stored, which is places.h.

#include "launcher/supervise/places.h"

#include <string>
#include <vector>

namespace osh::launcher
{

inline constexpr std::size_t kMaxReport = 1024 * 1024; // bytes of a report.json

struct NamedSession {
    std::string id, name;
};

// The one of this name. Errc::NotFound without one, Errc::Invalid with every id when several are.
Result<std::string> only_of_name(
    std::vector<NamedSession> const& sessions, std::string const& name);

// One of `ids` (oldest first). An id or its unique beginning wins over a name; a name means the
// session that runs, else the newest that ended and left a report. The error says what fits.
Result<std::string> session_by_word(
    Environment const& environment, std::vector<std::string> const& ids, std::string const& word);

} // namespace osh::launcher
