#include "launcher/supervise/journal_file.h"

#include "launcher/supervise/places.h"
#include "launcher/sys/folder.h"
#include "launcher/sys/io.h"

#include <fcntl.h>

namespace osh::launcher
{

JournalFile::JournalFile(sys::Fd const& folder) : folder_(folder)
{
    if (folder_.is_open())
        open_new();
}

bool JournalFile::open_new()
{
    auto file = sys::open_in(folder_, kJournalFile, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (file.ok())
        file_ = *std::move(file);
    else
        problem_ = file.error().sentence;
    return file_.is_open();
}

void JournalFile::write(std::string const& line, Instant now, WallTime wall)
{
    switch (gate_.admit(line.size() + 1, now)) {
    case JournalGate::Word::Drop: return;
    case JournalGate::Word::RotateThenWrite:
        file_.reset();
        if (folder_.is_open() && sys::rename_in(folder_, kJournalFile, kOlderJournal).ok())
            open_new();
        break;
    case JournalGate::Word::Write: break;
    }
    if (auto const lost = gate_.take_dropped(); lost > 0) {
        policy::json::Value const count{static_cast<std::int64_t>(lost)};
        append(journal_line(JournalEvent{"lines_lost", {{"count", count}}}, wall));
    }
    if (!append(line))
        gate_.write_failed();
}

// A line that was written in part is ended by the next newline: readers skip what is no JSON.
bool JournalFile::append(std::string const& line)
{
    if (!file_.is_open())
        return false;
    auto written = sys::write_all(file_, line + "\n");
    if (written.ok())
        return true;
    if (!has_told_)
        problem_ = written.error().sentence;
    has_told_ = true;
    return false;
}

std::optional<std::string> JournalFile::take_problem()
{
    return std::exchange(problem_, std::nullopt);
}

} // namespace osh::launcher
