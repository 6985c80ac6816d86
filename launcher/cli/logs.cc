// `osh logs`: the journal of a session, for people or as it is.

#include "launcher/cli/command_line.h"
#include "launcher/cli/session_commands.h"
#include "launcher/supervise/core/journal.h"
#include "launcher/supervise/session_names.h"
#include "launcher/sys/folder.h"
#include "launcher/sys/io.h"
#include "policy/base/text.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <deque>
#include <fcntl.h>
#include <fmt/core.h>
#include <time.h>

namespace osh::cli
{
namespace
{

constexpr std::size_t kStep = 64 * 1024;
constexpr std::size_t kMaxLine = 1024 * 1024;
constexpr long kLookAgain = 200'000'000; // nanoseconds between looks while following

struct LogWishes {
    bool denied_only = false, as_json = false, follow = false;
    std::optional<std::size_t> last; // -n
};

class Printer
{
public:
    explicit Printer(LogWishes wishes) : wishes_(wishes) {}

    void take(std::string_view line)
    {
        if (line.empty() || (wishes_.denied_only && !launcher::is_denied_line(line)))
            return;
        auto const words = wishes_.as_json ? std::optional<std::string>(line)
                                           : launcher::journal_line_for_people(line);
        if (!words)
            return;
        if (!wishes_.last || is_flushed_) {
            fmt::print("{}\n", *words);
            return;
        }
        kept_.push_back(*words);
        if (kept_.size() > *wishes_.last)
            kept_.pop_front();
    }

    void flush()
    {
        for (auto const& line : kept_)
            fmt::print("{}\n", line);
        kept_.clear();
        is_flushed_ = true;
        std::fflush(stdout);
    }

private:
    LogWishes wishes_;
    std::deque<std::string> kept_;
    bool is_flushed_ = false;
};

// Prints what is there; the rest of an unfinished line stays in `pending`.
Result<> print_new(sys::Fd const& file, std::string& pending, Printer& printer)
{
    std::string bytes(kStep, '\0');
    for (;;) {
        LET(count, sys::read_some(file, std::as_writable_bytes(std::span(bytes))));
        if (count == 0)
            return {};
        pending += std::string_view(bytes).substr(0, count);
        std::size_t begin = 0;
        for (auto end = pending.find('\n'); end != std::string::npos;
             end = pending.find('\n', begin)) {
            printer.take(std::string_view(pending).substr(begin, end - begin));
            begin = end + 1;
        }
        pending.erase(0, begin);
        if (pending.size() > kMaxLine)
            pending.clear();
    }
}

bool is_running(launcher::Environment const& environment, std::string const& id)
{
    auto const running = launcher::running_sessions(environment);
    return std::find(running.begin(), running.end(), id) != running.end();
}

Result<> print_journal(
    launcher::Environment const& environment, std::string const& id, LogWishes wishes)
{
    LET(folder, launcher::open_kept_session(environment, id));
    Printer printer(wishes);
    std::string pending;
    if (auto older = sys::open_in(folder, launcher::kOlderJournal, O_RDONLY); older.ok())
        TRY(print_new(*older, pending, printer));
    LET(file, sys::open_in(folder, launcher::kJournalFile, O_RDONLY));
    TRY(print_new(file, pending, printer));
    printer.flush();
    while (wishes.follow && is_running(environment, id)) {
        timespec const pause{0, kLookAgain};
        ::nanosleep(&pause, nullptr);
        TRY(print_new(file, pending, printer));
        printer.flush();
    }
    return {};
}

} // namespace

int logs_command(Arguments arguments)
{
    OptionTable const table{"logs", "SESSION|last [-f] [-n N] [--denied] [--json]",
        "Show what a session reached and what it was refused.",
        {{"-f,--follow", "", "go on until the session ends"},
            {"-n,--lines", "N", "only the last N lines"}, {"--denied", "", "only refusals"},
            {"--json", "", "the journal's own lines"}}};
    int exit_code = 0;
    auto const options = parsed_or_told(table, arguments, exit_code);
    if (!options)
        return exit_code;
    if (options->positionals.size() > 1)
        return tell_usage(table, "one session at a time");
    LogWishes wishes{options->has("denied"), options->has("json"), options->has("follow"), {}};
    if (options->has("lines")) {
        std::string const text = options->last("lines");
        std::size_t count = 0;
        auto const parsed = std::from_chars(text.data(), text.data() + text.size(), count);
        if (parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size())
            return tell_usage(table, fmt::format("-n {} is not a number", in_quotes(text)));
        wishes.last = count;
    }
    auto const environment = launcher::environment_of_this_process();
    auto const id = launcher::session_by_word(environment, launcher::kept_sessions(environment),
        options->positionals.empty() ? "last" : options->positionals.front());
    if (!id.ok())
        return tell(id.error());
    auto printed = print_journal(environment, *id, wishes);
    return printed.ok() ? kSuccess : tell(printed.error());
}

} // namespace osh::cli
