// `osh changes`: what overlay sessions wrote beside the project, to be reviewed, applied,
// discarded.

#include "launcher/cli/changes_command.h"

#include "launcher/changes/apply.h"
#include "launcher/changes/choose.h"
#include "launcher/changes/diff.h"
#include "launcher/changes/find.h"
#include "launcher/cli/command_line.h"
#include "launcher/plan/probe_request.h"
#include "launcher/supervise/session_names.h"
#include "launcher/sys/folder.h"
#include "launcher/sys/host_view.h"
#include "launcher/sys/pager.h"
#include "launcher/sys/standard_streams.h"
#include "policy/base/text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <fmt/core.h>
#include <span>

namespace osh::cli
{
namespace
{

using launcher::AboutChanges;
using launcher::ChangeList;
using launcher::KeptChanges;
using launcher::Use;

constexpr std::size_t kShownPath = 400, kLeftShown = 25;
constexpr std::array<std::string_view, 4> kVerbs{"list", "diff", "apply", "discard"};

OptionTable const& changes_table()
{
    static OptionTable const table{"changes", "[SESSION] [list|diff|apply|discard] [PATH…]",
        "What a session with an overlay wrote beside the project. Without SESSION: the last one of "
        "this project.",
        {{"--json", "", "list: one JSON object"},
            {"--no-pager", "", "diff: straight to the terminal"},
            {"--raw", "", "diff: bytes as they are, for patch(1) and git apply"},
            {"--protected", "PATH", "apply: this, too, which is otherwise left; repeatable"},
            {"--force", "", "apply: also over what changed outside since the session began"},
            {"-n,--dry-run", "", "apply: say what would be done"},
            {"--yes", "", "discard: do not ask"},
            {"-C,--directory", "DIR", "as if started in DIR"}}};
    return table;
}

struct Call {
    std::string session, verb = "list";
    std::vector<std::string> paths;
};

Call call_of(std::vector<std::string> const& words)
{
    auto const is_verb = [](std::string const& word) {
        return std::find(kVerbs.begin(), kVerbs.end(), word) != kVerbs.end();
    };
    Call call;
    std::size_t at = 0;
    if (at < words.size() && !is_verb(words[at]))
        call.session = words[at++];
    if (at < words.size())
        call.verb = words[at++];
    call.paths.assign(words.begin() + static_cast<std::ptrdiff_t>(at), words.end());
    return call;
}

std::string changes_folder()
{
    auto const environment = launcher::environment_of_this_process();
    auto const value = [&](char const* name) {
        auto const found = environment.find(name);
        return found == environment.end() ? std::string() : found->second;
    };
    return launcher::state_directory(value("XDG_STATE_HOME"), value("HOME")) + "/changes";
}

bool is_in(std::string const& path, std::string const& project)
{
    return path == project || path.starts_with(project + "/");
}

// Of the project that this folder lies in; the innermost one where projects lie in each other.
Result<std::string> last_session_here(std::vector<AboutChanges> const& kept)
{
    std::string const here = sys::current_folder();
    AboutChanges const* best = nullptr;
    for (auto const& about : kept) // oldest first
        if (is_in(here, about.project)
            && (best == nullptr || about.project.size() >= best->project.size()))
            best = &about;
    if (best != nullptr)
        return best->session;
    std::string others;
    for (auto const& about : kept)
        others += fmt::format("\n  {}  {}", about.session, shown(about.project, kShownPath));
    return fail(Errc::NotFound,
        kept.empty() ? std::string("no session left changes to review")
                     : "no session left changes for this folder; for others there are:" + others);
}

Result<std::string> session_of(Call const& call)
{
    auto const kept = launcher::kept_changes(changes_folder());
    if (call.session.empty())
        return last_session_here(kept);
    std::vector<std::string> ids;
    for (auto const& about : kept)
        ids.push_back(about.session);
    if (ids.empty())
        return fail(Errc::NotFound, "no session left changes to review");
    auto found =
        launcher::session_by_word(launcher::environment_of_this_process(), ids, call.session);
    if (!found.ok() && found.error().code == Errc::NotFound)
        return fail(Errc::NotFound,
            fmt::format("session {} left no changes to review", in_quotes(call.session)));
    return found;
}

Result<std::vector<std::string>> in_project(
    KeptChanges const& kept, std::vector<std::string> const& paths)
{
    std::vector<std::string> out;
    for (auto const& path : paths) {
        LET(one, launcher::path_in_project(kept.about.project, path));
        out.push_back(std::move(one));
    }
    return out;
}

bool is_running(std::string const& session)
{
    return !launcher::open_changes(changes_folder(), session, Use::Change).ok();
}

Result<int> list(Call const& call, std::string const& session, ParsedOptions const& options)
{
    LET(kept, launcher::open_changes(changes_folder(), session, Use::Look));
    LET(paths, in_project(kept, call.paths));
    auto const found =
        launcher::at_or_below(launcher::find_changes(kept, launcher::kMaxChanges), paths);
    bool const runs = is_running(session);
    if (options.has("json")) {
        fmt::print("{}", describe_json(found, {session, kept.about.project, runs}));
        return kSuccess;
    }
    fmt::print("{}", describe(found));
    std::fflush(stdout);
    fmt::print(stderr, "session {}{} in {}: {}\n", session, runs ? " (running)" : "",
        shown(kept.about.project, kShownPath), words_of(count(found)));
    return kSuccess;
}

// As git does it. Where there is neither a choice nor less(1), the text comes as it is.
std::string pager_command(ParsedOptions const& options)
{
    auto const environment = launcher::environment_of_this_process();
    auto const chosen = environment.find("PAGER");
    if (options.has("no-pager"))
        return {};
    if (chosen != environment.end())
        return chosen->second;
    return sys::look_at("/usr/bin/less").exists ? "less" : "";
}

Result<int> diff(Call const& call, std::string const& session, ParsedOptions const& options)
{
    LET(kept, launcher::open_changes(changes_folder(), session, Use::Look));
    LET(paths, in_project(kept, call.paths));
    bool const is_terminal = sys::stream_facts(1).kind == sys::StreamKind::Terminal;
    if (options.has("raw") && is_terminal)
        return fail(Errc::Invalid, "--raw writes bytes that the agent chose: not to a terminal");
    auto const found =
        launcher::at_or_below(launcher::find_changes(kept, launcher::kMaxChanges), paths);
    auto const pager = sys::Pager::start(is_terminal ? pager_command(options) : "");
    launcher::write_diff(kept, found,
        options.has("raw") ? launcher::DiffText::Bytes : launcher::DiffText::Shown,
        [](std::string const& part) { std::fwrite(part.data(), 1, part.size(), stdout); });
    return kSuccess;
}

void print_outcome(launcher::ApplyOutcome const& outcome, bool is_trial)
{
    for (auto const& change : outcome.applied)
        fmt::print("{}  {}\n", static_cast<char>(change.kind), shown(change.path, kShownPath));
    std::fflush(stdout);
    std::size_t const most = std::min(outcome.left.size(), kLeftShown);
    for (auto const& left : std::span(outcome.left).first(most))
        fmt::print(stderr, "left     {}: {}\n", shown(left.change.path, kShownPath),
            shown(left.why, kShownPath));
    if (outcome.left.size() > most)
        fmt::print(stderr, "left     {} more, which `osh changes list` shows\n",
            outcome.left.size() - most);
    for (auto const& path : outcome.unknown_paths)
        fmt::print(
            stderr, "left     {}: there is no change of this name\n", shown(path, kShownPath));
    ChangeList applied;
    applied.changes = outcome.applied;
    fmt::print(
        stderr, "{}: {}\n", is_trial ? "would be applied" : "applied", words_of(count(applied)));
    if (!outcome.trouble.empty())
        fmt::print(stderr,
            "osh: {}\nosh: it stopped there; what is left is kept, the same command goes on\n",
            shown(outcome.trouble, kShownPath));
}

Result<int> apply(Call const& call, std::string const& session, ParsedOptions const& options)
{
    LET(kept, launcher::open_changes(changes_folder(), session, Use::Change));
    launcher::ApplyWish wish;
    LET(paths, in_project(kept, call.paths));
    wish.paths = std::move(paths);
    LET(guarded, in_project(kept, options.all("protected")));
    wish.protect = std::move(guarded);
    wish.is_trial = options.has("dry-run");
    if (options.has("force"))
        wish.conflicts = launcher::Conflicts::Override;
    auto const outcome =
        apply_changes(kept, launcher::find_changes(kept, launcher::kMaxChanges), wish);
    print_outcome(outcome, wish.is_trial);
    bool const is_all =
        outcome.left.empty() && outcome.unknown_paths.empty() && outcome.trouble.empty();
    auto const rest = launcher::find_changes(kept, launcher::kMaxChanges);
    if (!wish.is_trial && rest.changes.empty() && rest.unknown.empty())
        TRY(launcher::remove_changes(kept));
    return is_all ? kSuccess : kNegative;
}

bool says_yes()
{
    char answer[16] = {};
    return std::fgets(answer, sizeof answer, stdin) != nullptr
           && (answer[0] == 'y' || answer[0] == 'Y');
}

Result<int> discard(Call const& call, std::string const& session, ParsedOptions const& options)
{
    if (!call.paths.empty())
        return fail(Errc::Invalid, "discard takes all changes of a session, no single paths");
    LET(kept, launcher::open_changes(changes_folder(), session, Use::Discard));
    bool const asks = !options.has("yes");
    if (asks && sys::stream_facts(0).kind != sys::StreamKind::Terminal)
        return fail(Errc::Invalid, "discard loses the changes for good: nobody is there to be "
                                   "asked.\nfix: say --yes");
    std::string const words = kept.project.is_open() ? words_of(
                                  count(launcher::find_changes(kept, launcher::kSummaryChanges)))
                                                     : "all changes";
    if (asks) {
        fmt::print(stderr, "discard {} of session {} in {}, for good? [y/N] ", words, session,
            shown(kept.about.project, kShownPath));
        if (!says_yes())
            return kNegative;
    }
    TRY(launcher::remove_changes(kept));
    fmt::print(stderr, "discarded: {}\n", words);
    return kSuccess;
}

Result<int> perform(Call const& call, ParsedOptions const& options)
{
    if (options.has("directory"))
        TRY(sys::change_folder(options.last("directory")));
    LET(session, session_of(call));
    if (call.verb == "diff")
        return diff(call, session, options);
    if (call.verb == "apply")
        return apply(call, session, options);
    if (call.verb == "discard")
        return discard(call, session, options);
    return list(call, session, options);
}

} // namespace

int changes_command(Arguments arguments)
{
    int exit_code = 0;
    auto const options = parsed_or_told(changes_table(), arguments, exit_code);
    if (!options)
        return exit_code;
    Call const call = call_of(options->positionals);
    if (std::find(kVerbs.begin(), kVerbs.end(), call.verb) == kVerbs.end())
        return tell_usage(changes_table(),
            fmt::format("no {}: list, diff, apply or discard", in_quotes(call.verb)));
    auto const done = perform(call, *options);
    return done.ok() ? *done : tell(done.error());
}

} // namespace osh::cli
