#include "launcher/cli/policy_journal.h"

#include "launcher/cli/command_line.h"
#include "launcher/cli/policy_command.h"
#include "launcher/supervise/session_names.h"
#include "launcher/sys/folder.h"
#include "launcher/sys/io.h"

#include <fcntl.h>

namespace osh::cli
{

Result<std::string> read_journal(std::string const& file_or_session)
{
    if (file_or_session == "-")
        return read_policy_text(file_or_session);
    if (file_or_session.find('/') != std::string::npos || sys::changed_at(file_or_session) != 0)
        return sys::read_file(file_or_session, kLargestJournal);
    auto const environment = launcher::environment_of_this_process();
    LET(id, launcher::session_by_word(
                environment, launcher::kept_sessions(environment), file_or_session));
    LET(folder, launcher::open_kept_session(environment, id));
    std::string text;
    if (auto older = sys::open_in(folder, launcher::kOlderJournal, O_RDONLY); older.ok()) {
        LET(lines, sys::read_all(*older, kLargestJournal));
        text = std::move(lines);
    }
    LET(file, sys::open_in(folder, launcher::kJournalFile, O_RDONLY));
    LET(lines, sys::read_all(file, kLargestJournal));
    return text + lines;
}

} // namespace osh::cli
