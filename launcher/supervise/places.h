#pragma once
// Where sessions live on this machine: $XDG_RUNTIME_DIR/osh/ID/ctl.sock while they run,
// $XDG_STATE_HOME/osh/sessions/ID/ for what is kept. Finds, makes and lists them.

#include "launcher/sys/fd.h"
#include "launcher/sys/janitor.h"
#include "policy/base/result.h"

#include <map>
#include <string>
#include <vector>

namespace osh::launcher
{

inline constexpr char kControlSocket[] = "ctl.sock";
inline constexpr char kJournalFile[] = "journal.jsonl";
inline constexpr char kOlderJournal[] = "journal.1.jsonl";
inline constexpr char kReportFile[] = "report.json";
inline constexpr std::size_t kSessionDigits = 6;

using Environment = std::map<std::string, std::string>;
Environment environment_of_this_process();

// The folder that holds one folder per running session, "…/osh". Without XDG_RUNTIME_DIR:
// /run/osh for root, /tmp/osh-UID for others.
std::string runtime_path(Environment const& environment);
std::string state_path(Environment const& environment); // "…/osh/sessions"

struct SessionFolders {
    std::string id;
    sys::Janitor janitor; // ends after `runtime` is closed, and removes it; whatever ends us
    sys::Fd runtime;      // …/osh/ID
    sys::Fd state;        // …/sessions/ID; not open when the state folder cannot be written
    std::string state_problem;
};
// With the id that was chosen before, or another one if it is taken.
Result<SessionFolders> make_session_folders(Environment const& environment, std::string id);

std::vector<std::string> running_sessions(Environment const& environment);
std::vector<std::string> kept_sessions(Environment const& environment); // oldest first
// By id alone: a unique prefix, or "last". People write names too: session_names.h. The error lists
// what fits.
Result<std::string> find_session(std::vector<std::string> const& ids, std::string const& prefix);
Result<sys::Fd> connect_to_session(Environment const& environment, std::string const& id);
Result<sys::Fd> open_kept_session(Environment const& environment, std::string const& id);

} // namespace osh::launcher
