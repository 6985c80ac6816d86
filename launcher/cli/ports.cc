// `osh ports`: what listens inside a session, what is published, and publishing while it runs.

#include "launcher/cli/command_line.h"
#include "launcher/cli/session_commands.h"
#include "launcher/supervise/control_client.h"
#include "launcher/supervise/session_names.h"
#include "launcher/supervise/session_ports.h"
#include "launcher/sys/event_loop.h"
#include "policy/base/text.h"
#include "policy/messages/json.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <fmt/core.h>
#include <optional>

namespace osh::cli
{
namespace
{

using policy::control::PortList;
using policy::json::Value;

constexpr Duration kFollowPause = 1s;

// The named session, or the only one that runs.
Result<std::string> session_of(
    launcher::Environment const& environment, std::optional<std::string> const& prefix)
{
    auto const running = launcher::running_sessions(environment);
    if (prefix)
        return launcher::session_by_word(environment, running, *prefix);
    if (running.size() == 1)
        return running.front();
    return fail(Errc::Invalid,
        running.empty() ? "no session is running" : "several sessions are running: say which");
}

Value json_of(PortList const& list, std::string const& session)
{
    Value::Array listeners, published;
    for (auto const& one : list.listeners)
        listeners.push_back(Value{
            Value::Object{{"address", Value{one.address}}, {"port", Value{std::int64_t{one.port}}},
                {"pid", Value{std::int64_t{one.pid}}}, {"program", Value{one.program}}}});
    for (auto const& one : list.published) {
        Value::Array addresses;
        for (auto const& address : one.addresses)
            addresses.push_back(Value{address});
        published.push_back(Value{Value::Object{{"addresses", Value{std::move(addresses)}},
            {"host_port", Value{std::int64_t{one.host_port}}},
            {"inside_port", Value{std::int64_t{one.inside_port}}},
            {"connections", Value{std::int64_t{one.connections}}}}});
    }
    return Value{Value::Object{{"v", Value{std::int64_t{1}}}, {"session", Value{session}},
        {"listeners", Value{std::move(listeners)}}, {"published", Value{std::move(published)}}}};
}

std::string place_of(PortList const& list, std::uint16_t inside_port)
{
    for (auto const& one : list.published)
        if (one.inside_port == inside_port)
            return one.addresses.front();
    return "-";
}

void print_table(PortList const& list)
{
    fmt::print("{:<24} {:<8} {:<20} {}\n", "INSIDE", "PID", "PROGRAM", "FROM THIS MACHINE");
    for (auto const& one : list.listeners) {
        bool const is_v6 = one.address.find(':') != std::string::npos;
        auto const inside = fmt::format(
            "{}{}{}:{}", is_v6 ? "[" : "", shown(one.address, 46), is_v6 ? "]" : "", one.port);
        auto const name = one.program.substr(one.program.rfind('/') + 1);
        fmt::print(
            "{:<24} {:<8} {:<20} {}\n", inside, one.pid, shown(name, 20), place_of(list, one.port));
    }
    for (auto const& one : list.published) {
        bool const has_listener = std::ranges::any_of(
            list.listeners, [&](auto const& listener) { return listener.port == one.inside_port; });
        if (!has_listener)
            fmt::print("{:<24} {:<8} {:<20} {}\n", fmt::format("port {}", one.inside_port), "-",
                "(nobody listens)", one.addresses.front());
    }
}

Result<> show(ParsedOptions const& options, std::optional<std::string> const& prefix)
{
    LET(id, session_of(launcher::environment_of_this_process(), prefix));
    LET(client,
        launcher::ControlClient::connect(launcher::environment_of_this_process(), id, "watch"));
    bool const follows = options.has("follow");
    std::string last;
    for (std::uint64_t n = 1;; ++n) {
        TRY(client.send(policy::control::ListPorts{n}));
        LET(list, client.receive_a<PortList>(launcher::soon()));
        auto const json = policy::json::write(json_of(list, id));
        if (json != last && options.has("json"))
            fmt::print("{}\n", json);
        else if (json != last)
            print_table(list);
        last = json;
        std::fflush(stdout);
        if (!follows)
            return {};
        // Whatever the session says meanwhile is no answer to us; its end is.
        auto const next = sys::now() + kFollowPause;
        for (;;) {
            auto const word = client.receive(next);
            if (!word.ok() && word.error().code == Errc::Busy)
                break;
            if (!word.ok() || std::holds_alternative<policy::control::End>(*word))
                return {};
        }
    }
}

// The last positional is the port, one before it the session.
Result<launcher::ControlClient> deciding_client(std::vector<std::string> const& words)
{
    auto const environment = launcher::environment_of_this_process();
    LET(id,
        session_of(environment, words.size() == 2 ? std::optional(words.front()) : std::nullopt));
    return launcher::ControlClient::connect(environment, id, "decide");
}

Result<> publish(std::vector<std::string> const& words, bool as_json)
{
    LET(spec, policy::parse_publish(words.back())); // a misspelt one need not travel
    (void)spec;
    LET(client, deciding_client(words));
    TRY(client.send(policy::control::Publish{1, words.back()}));
    for (;;) {
        LET(message, client.receive(launcher::soon()));
        if (auto const* done = std::get_if<policy::control::Published>(&message)) {
            if (as_json)
                fmt::print("{}\n", policy::json::write(json_of(
                                       PortList{1, {}, {done->port}}, client.hello().session)));
            else
                fmt::print("{}\n", launcher::words_of(done->port));
            return {};
        }
        if (auto const* refused = std::get_if<policy::control::Reply>(&message))
            return fail(Errc::Denied, shown(refused->text, 400));
    }
}

Result<> unpublish(std::vector<std::string> const& words)
{
    auto const& digits = words.back();
    std::uint16_t port = 0;
    auto const parsed = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (parsed.ec != std::errc{} || parsed.ptr != digits.data() + digits.size())
        return fail(Errc::Invalid, in_quotes(digits) + ": write the port of this machine");
    LET(client, deciding_client(words));
    TRY(client.send(policy::control::Unpublish{1, port}));
    LET(reply, client.receive_a<policy::control::Reply>(launcher::soon()));
    if (!reply.ok)
        return fail(Errc::NotFound, shown(reply.text, 400));
    return {};
}

int ended(Result<> const& outcome)
{
    return outcome.ok() ? kSuccess : tell(outcome.error());
}

} // namespace

int ports_command(Arguments arguments)
{
    OptionTable const table{"ports",
        "[SESSION] [--json] [-f]  |  publish [SESSION] [HOST:]PORT[:PORT]  |  unpublish [SESSION] "
        "PORT",
        "Show what listens inside a session, and lead ports of this machine's loopback there.",
        {{"--json", "", "one object for scripts"},
            {"-f,--follow", "", "again whenever something changed, until the session ends"}}};
    int exit_code = 0;
    auto const options = parsed_or_told(table, arguments, exit_code);
    if (!options)
        return exit_code;
    auto words = options->positionals;
    bool const is_verb = !words.empty() && (words[0] == "publish" || words[0] == "unpublish");
    if (!is_verb) {
        if (words.size() > 1)
            return tell_usage(table, "one session at a time");
        return ended(show(*options, words.empty() ? std::nullopt : std::optional(words[0])));
    }
    auto const verb = words.front();
    words.erase(words.begin());
    if (words.empty() || words.size() > 2)
        return tell_usage(table, "which port?");
    return ended(verb == "publish" ? publish(words, options->has("json")) : unpublish(words));
}

} // namespace osh::cli
