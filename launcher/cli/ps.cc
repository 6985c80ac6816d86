// `osh ps`: sessions that run; with -a also those that ended and left a report.

#include "launcher/cli/command_line.h"
#include "launcher/cli/session_commands.h"
#include "launcher/supervise/control_client.h"
#include "launcher/supervise/session_names.h"
#include "launcher/sys/io.h"
#include "policy/base/text.h"
#include "policy/messages/json.h"

#include <algorithm>
#include <cstdio>
#include <fcntl.h>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

using policy::json::Value;

struct Row {
    std::string id, name, agent, profile, project, started, state;
    std::uint32_t questions = 0;
    std::uint64_t denied = 0;
    std::int32_t pid = 0;
};

Result<Row> running_row(launcher::Environment const& environment, std::string const& id)
{
    LET(client, launcher::ControlClient::connect(environment, id, "watch"));
    TRY(client.send(policy::control::AskInfo{1}));
    LET(info, client.receive_a<policy::control::SessionInfo>(launcher::soon()));
    return Row{id, info.name, info.agent, info.profile, info.project, info.started, info.state,
        info.questions, info.denied, info.pid};
}

std::string text_at(Value const& value, std::string_view key)
{
    Value const* found = value.find(key);
    return found == nullptr || found->text() == nullptr ? std::string() : *found->text();
}

Result<Row> kept_row(launcher::Environment const& environment, std::string const& id)
{
    std::string const path =
        launcher::state_path(environment) + "/" + id + "/" + launcher::kReportFile;
    LET(text, sys::read_file(path, launcher::kMaxReport));
    LET(report, policy::json::parse(trimmed(split(text, '\n')[0]), launcher::kMaxReport));
    Value const* exit = report.find("exit");
    std::string const state = exit == nullptr || exit->number() == nullptr
                                  ? "ended"
                                  : fmt::format("exit {}", *exit->number());
    return Row{id, text_at(report, "name"), text_at(report, "agent"), text_at(report, "profile"),
        text_at(report, "project"), text_at(report, "started"), state};
}

Value json_of(Row const& row)
{
    return Value{Value::Object{{"session", Value{row.id}}, {"name", Value{row.name}},
        {"agent", Value{row.agent}}, {"profile", Value{row.profile}},
        {"project", Value{row.project}}, {"started", Value{row.started}},
        {"state", Value{row.state}}, {"pid", Value{std::int64_t{row.pid}}},
        {"questions", Value{std::int64_t{row.questions}}},
        {"denied", Value{static_cast<std::int64_t>(row.denied)}}}};
}

void print_table(std::vector<Row> const& rows)
{
    fmt::print("{:<8} {:<12} {:<12} {:<16} {:<10} {:<9} {}\n", "SESSION", "NAME", "AGENT",
        "PROFILE", "STATE", "QUESTIONS", "PROJECT");
    for (auto const& row : rows)
        fmt::print("{:<8} {:<12} {:<12} {:<16} {:<10} {:<9} {}\n", shown(row.id, 12),
            row.name.empty() ? "-" : shown(row.name, 24), shown(row.agent, 12),
            shown(row.profile, 16), shown(row.state, 10), row.questions, shown(row.project));
}

} // namespace

int ps_command(Arguments arguments)
{
    OptionTable const table{"ps", "[-a] [--json]", "List sessions.",
        {{"-a,--all", "", "also sessions that ended"}, {"--json", "", "one object for scripts"}}};
    int exit_code = 0;
    auto const options = parsed_or_told(table, arguments, exit_code);
    if (!options)
        return exit_code;
    auto const environment = launcher::environment_of_this_process();
    std::vector<Row> rows;
    for (auto const& id : launcher::running_sessions(environment))
        if (auto row = running_row(environment, id); row.ok())
            rows.push_back(*std::move(row));
    auto const is_listed = [&](std::string const& id) {
        return std::any_of(rows.begin(), rows.end(), [&](Row const& row) { return row.id == id; });
    };
    if (options->has("all"))
        for (auto const& id : launcher::kept_sessions(environment))
            if (!is_listed(id))
                if (auto row = kept_row(environment, id); row.ok())
                    rows.push_back(*std::move(row));
    if (!options->has("json")) {
        print_table(rows);
        return kSuccess;
    }
    Value::Array list;
    for (auto const& row : rows)
        list.push_back(json_of(row));
    fmt::print("{}\n", policy::json::write(Value{Value::Object{
                           {"v", Value{std::int64_t{1}}}, {"sessions", Value{std::move(list)}}}}));
    return kSuccess;
}

} // namespace osh::cli
