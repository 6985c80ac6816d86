#include "launcher/supervise/session_names.h"

#include "launcher/supervise/control_client.h"
#include "launcher/sys/io.h"
#include "policy/base/text.h"
#include "policy/messages/json.h"

#include <algorithm>
#include <fmt/core.h>
#include <optional>

namespace osh::launcher
{
namespace
{

Result<std::string> name_of_running(Environment const& environment, std::string const& id)
{
    LET(client, ControlClient::connect(environment, id, "watch"));
    TRY(client.send(policy::control::AskInfo{1}));
    LET(info, client.receive_a<policy::control::SessionInfo>(soon()));
    return info.name;
}

Result<std::string> name_in_report(Environment const& environment, std::string const& id)
{
    LET(text, sys::read_file(state_path(environment) + "/" + id + "/" + kReportFile, kMaxReport));
    LET(report, policy::json::parse(trimmed(split(text, '\n')[0]), kMaxReport));
    policy::json::Value const* const name = report.find("name");
    return name == nullptr || name->text() == nullptr ? std::string() : *name->text();
}

// One that is just ending has no answer: it is not running for our purpose.
std::vector<NamedSession> named_running(
    Environment const& environment, std::vector<std::string> const& ids)
{
    std::vector<NamedSession> sessions;
    for (auto const& id : running_sessions(environment)) {
        if (std::ranges::find(ids, id) == ids.end())
            continue;
        if (auto name = name_of_running(environment, id); name.ok())
            sessions.push_back({id, *std::move(name)});
    }
    return sessions;
}

std::optional<std::string> newest_ended(
    Environment const& environment, std::vector<std::string> const& ids, std::string const& name)
{
    auto const kept = kept_sessions(environment);
    for (auto id = kept.rbegin(); id != kept.rend(); ++id) {
        if (std::ranges::find(ids, *id) == ids.end())
            continue;
        if (auto const found = name_in_report(environment, *id); found.ok() && *found == name)
            return *id;
    }
    return std::nullopt;
}

} // namespace

Result<std::string> only_of_name(std::vector<NamedSession> const& sessions, std::string const& name)
{
    std::vector<std::string> fitting;
    for (auto const& session : sessions)
        if (session.name == name)
            fitting.push_back(session.id);
    if (fitting.size() == 1)
        return fitting.front();
    if (fitting.empty())
        return fail(Errc::NotFound, fmt::format("no session {}", in_quotes(name)));
    std::string all;
    for (auto const& id : fitting)
        all += " " + shown(id);
    return fail(Errc::Invalid,
        fmt::format("{} is the name of several sessions, write an id:{}", in_quotes(name), all));
}

Result<std::string> session_by_word(
    Environment const& environment, std::vector<std::string> const& ids, std::string const& word)
{
    auto by_id = find_session(ids, word);
    if (by_id.ok() || ids.empty() || word.empty())
        return by_id;
    auto by_name = only_of_name(named_running(environment, ids), word);
    if (by_name.ok() || by_name.error().code != Errc::NotFound)
        return by_name;
    if (auto ended = newest_ended(environment, ids, word))
        return *std::move(ended);
    return by_id;
}

} // namespace osh::launcher
