// `osh run`: starts an agent in a sandbox. Design: cli, approvals (banner, errors at start).

#include "launcher/cli/run.h"

#include "launcher/changes/store.h"
#include "launcher/cli/session_options.h"
#include "launcher/supervise/core/session_state.h"
#include "launcher/supervise/session_files.h"
#include "launcher/sys/entry_calls.h"
#include "launcher/sys/io.h"
#include "launcher/sys/terminal.h"
#include "policy/base/text.h"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

OptionTable run_table()
{
    OptionTable table{"run", "[options] [--] AGENT|COMMAND [ARGS…]",
        "Start an agent or any command inside a boundary that the kernel enforces.",
        session_option_rows(), Positionals::EndOptions};
    std::vector<OptionRow> const own{
        {"--name", "NAME", "name of the session, for `osh ps`"},
        {"-t,--tty", "", "always give the agent a terminal of its own"},
        {"-T,--no-tty", "", "never give the agent a terminal"},
        {"--report", "none|short|full|json[=FILE]", "what is told at the end"},
        {"--fail-on-denied", "",
            "exit 123 when something was denied because nobody could be asked"},
        {"--dry-run", "", "print what would be done, and do nothing"},
        {"--no-input", "", "nobody is there to be asked: deny at once"},
        {"--yes", "", "answer yes where a flag would be needed"},
        {"-q,--quiet", "", "no banner, no summary"},
        {"-v,--verbose", "", "warnings of the policy, a summary always"},
    };
    table.rows.insert(table.rows.end(), own.begin(), own.end());
    return table;
}

int refuse(Error const& error)
{
    fmt::print(stderr, "osh: {}\n", launcher::shown_lines(error.sentence));
    return launcher::kExitCannotStart;
}

bool has_terminal()
{
    for (int const standard : {0, 2})
        if (sys::stream_facts(standard).kind == sys::StreamKind::Terminal)
            return true;
    return false;
}

// At most five lines, before the agent takes the screen.
void print_banner(launcher::SessionRequest const& request, std::string const& id)
{
    auto const& plan = request.plan;
    fmt::print(stderr, "osh {}  session {}  profile {}    stop: osh stop {}\n", OSH_VERSION, id,
        shown(request.profile.name), id);
    fmt::print(stderr, "files    project {}{}\n", shown(plan.project),
        plan.changes.empty() ? "" : " (overlay: review what is written with `osh changes`)");
    std::string credentials;
    for (auto const& secret : request.secrets)
        credentials += (credentials.empty() ? "; credentials: " : ", ") + secret.words.credential;
    bool const asks = request.profile.approvals.mode == policy::ApprovalMode::Ask;
    fmt::print(stderr, "network  {}{}\n",
        !plan.has_network ? "none"
        : asks            ? fmt::format("by policy, others ask ({} s)",
                         std::min(request.profile.approvals.timeout, Duration(55s)) / 1s)
                          : "by policy, others are refused",
        shown(credentials, 300));
    for (auto const& note : plan.notes)
        fmt::print(stderr, "note     {}\n", shown(note, 300));
}

// Said to whoever starts it, with -q too, and in red where that can be seen.
void print_warnings(launcher::Plan const& plan)
{
    bool const has_colours = sys::stream_facts(2).kind == sys::StreamKind::Terminal;
    for (auto const& warning : plan.warnings)
        fmt::print(stderr, "{}osh: WARNING: {}{}\n", has_colours ? "\x1b[1;31m" : "",
            shown(warning, 300), has_colours ? "\x1b[0m" : "");
}

// Environment inside that osh alone sets.
void mark_session(launcher::Plan& plan, std::string const& id)
{
    plan.environment.push_back("OSH_SESSION=" + id);
    std::sort(plan.environment.begin(), plan.environment.end());
}

// Where the writes of an overlay project go; locked for as long as the descriptor is open.
Result<sys::Fd> set_aside(launcher::SessionRequest& request, std::string const& id)
{
    auto& plan = request.plan;
    if (plan.changes.empty())
        return sys::Fd();
    launcher::AboutChanges about;
    about.session = id;
    about.agent = request.agent;
    about.profile = request.profile.name;
    about.project = plan.project;
    about.protect = plan.guard.protect;
    about.masks = plan.guard.masks;
    LET(project, sys::open_path(plan.project, O_PATH | O_DIRECTORY));
    LET(owner, sys::examine_surely(project));
    if (owner.uid != plan.uid || owner.gid != plan.gid)
        plan.notes.emplace_back("the project belongs to another user or group: inside an overlay "
                                "such files and folders cannot be changed (EOVERFLOW)");
    LET(folder, launcher::make_changes(plan.changes, std::move(about)));
    plan.changes += "/" + id;
    return folder;
}

int supervised(launcher::SessionRequest request, launcher::SessionFolders folders)
{
    std::string const id = folders.id, changes = request.plan.changes;
    auto aside = set_aside(request, id);
    if (!aside.ok())
        return refuse(aside.error());
    if (request.verbosity != launcher::Verbosity::Quiet
        && (has_terminal() || request.verbosity == launcher::Verbosity::Verbose))
        print_banner(request, id);
    print_warnings(request.plan);
    int const code = launcher::supervise(std::move(request), std::move(folders));
    aside->reset();
    if (!changes.empty())
        launcher::tidy_changes(changes, id);
    return code;
}

int run_session(ParsedOptions const& options)
{
    auto request = session_request(options, options.has("dry-run") ? For::Show : For::Run);
    if (!request.ok())
        return refuse(request.error());
    if (options.has("dry-run")) {
        fmt::print("{}", describe(request->plan));
        return 0;
    }
    request->name = options.last("name");
    request->on_denied =
        options.has("fail-on-denied") ? launcher::OnDenied::Fail : launcher::OnDenied::KeepStatus;
    request->terminal = options.has("tty")      ? launcher::TerminalWish::Always
                        : options.has("no-tty") ? launcher::TerminalWish::Never
                                                : launcher::TerminalWish::Auto;
    request->is_attended =
        !options.has("no-input") && (has_terminal() || options.last("approvals") == "ask");
    request->report = options.last("report");
    auto const environment = launcher::environment_of_this_process();
    auto folders = launcher::make_session_folders(environment, request->head_start.session);
    if (!folders.ok())
        return refuse(folders.error());
    mark_session(request->plan, folders->id);
    return supervised(*std::move(request), *std::move(folders));
}

} // namespace

int run_command(Arguments arguments)
{
    if (auto filled = sys::fill_standard_streams(); !filled.ok())
        return refuse(filled.error());
    auto const table = run_table();
    auto options = parse_options(table, arguments);
    if (!options.ok()) {
        fmt::print(stderr, "{}\n", options.error().sentence);
        return launcher::kExitCannotStart;
    }
    if (options->wants_help) {
        fmt::print("{}", help_text(table));
        return 0;
    }
    return run_session(*options);
}

} // namespace osh::cli
