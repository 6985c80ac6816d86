// `osh report`: what a session that ended did, from its report.json, and with --full every line of
// its journal. What the agent wrote is shown, never obeyed.

#include "launcher/cli/command_line.h"
#include "launcher/cli/session_commands.h"
#include "launcher/supervise/core/journal.h"
#include "launcher/supervise/session_names.h"
#include "launcher/sys/folder.h"
#include "launcher/sys/io.h"
#include "policy/base/text.h"
#include "policy/messages/json.h"

#include <fcntl.h>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

using policy::json::Value;

constexpr std::size_t kMaxReport = 1024 * 1024;
constexpr std::size_t kShownText = 200;

std::string words_of(Value const& value)
{
    if (auto const* text = value.text())
        return shown(*text, kShownText);
    if (auto const* number = value.number())
        return std::to_string(*number);
    if (auto const* boolean = value.boolean())
        return *boolean ? "yes" : "no";
    return {};
}

// "host site.test, requests 3, refused 1": what is zero or empty says nothing.
std::string words_of_members(Value const& value)
{
    std::string line;
    for (auto const& [key, member] : *value.object()) {
        std::string const words = words_of(member);
        if (words.empty() || words == "0")
            continue;
        line += fmt::format("{}{} {}", line.empty() ? "" : ", ", shown(key, kShownText), words);
    }
    return line;
}

void print_group(std::string_view name, Value const& group)
{
    if (auto const* list = group.array())
        for (auto const& entry : *list)
            fmt::print("{:<12}{}\n", name,
                entry.object() != nullptr ? words_of_members(entry) : words_of(entry));
    else if (auto const line = words_of_members(group); !line.empty())
        fmt::print("{:<12}{}\n", name, line);
}

Result<> print_report(sys::Fd const& folder)
{
    LET(file, sys::open_in(folder, launcher::kReportFile, O_RDONLY));
    LET(text, sys::read_all(file, kMaxReport));
    LET(report, policy::json::parse(trimmed(text), kMaxReport));
    if (report.object() == nullptr)
        return fail(Errc::Malformed, "the report of this session is damaged");
    for (auto const& [key, value] : *report.object()) {
        bool const is_group = value.array() != nullptr || value.object() != nullptr;
        std::string const name = shown(key, kShownText);
        if (is_group)
            print_group(name, value);
        else if (auto const words = words_of(value); !words.empty() && key != "v")
            fmt::print("{:<12}{}\n", name, words);
    }
    return {};
}

Result<> print_as_it_is(sys::Fd const& folder)
{
    LET(file, sys::open_in(folder, launcher::kReportFile, O_RDONLY));
    LET(text, sys::read_all(file, kMaxReport));
    fmt::print("{}", text);
    return {};
}

} // namespace

int report_command(Arguments arguments)
{
    OptionTable const table{"report", "[SESSION|last] [--full] [--json]",
        "What a session that ended reached, was refused, asked and was noticed for.",
        {{"--full", "", "and each line of the journal"},
            {"--json", "", "the report file as it is"}}};
    int exit_code = 0;
    auto const options = parsed_or_told(table, arguments, exit_code);
    if (!options)
        return exit_code;
    if (options->positionals.size() > 1)
        return tell_usage(table, "one session at a time");
    auto const environment = launcher::environment_of_this_process();
    auto const id = launcher::session_by_word(environment, launcher::kept_sessions(environment),
        options->positionals.empty() ? "last" : options->positionals.front());
    if (!id.ok())
        return tell(id.error());
    auto folder = launcher::open_kept_session(environment, *id);
    if (!folder.ok())
        return tell(folder.error());
    auto const printed = options->has("json") ? print_as_it_is(*folder) : print_report(*folder);
    if (!printed.ok())
        return tell(printed.error());
    if (!options->has("full") || options->has("json"))
        return kSuccess;
    std::string const words[] = {*id};
    return logs_command(words);
}

} // namespace osh::cli
