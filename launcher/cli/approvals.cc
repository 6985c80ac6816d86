// `osh approvals`: the waiting questions of all sessions, and answers to them.

#include "launcher/cli/command_line.h"
#include "launcher/cli/session_commands.h"
#include "launcher/supervise/control_client.h"
#include "launcher/supervise/session_names.h"
#include "launcher/sys/event_loop.h"
#include "policy/base/text.h"

#include <algorithm>
#include <cstdio>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

using policy::control::Offer;
using policy::control::Question;

struct Waiting {
    launcher::ControlClient client;
    std::vector<Question> questions;
};

// The session sends as many questions as its welcome announced.
Result<Waiting> open_questions(
    launcher::Environment const& environment, std::string const& id, std::string const& role)
{
    LET(client, launcher::ControlClient::connect(environment, id, role));
    std::vector<Question> questions;
    while (questions.size() < client.welcome().questions) {
        LET(question, client.receive_a<Question>(launcher::soon()));
        questions.push_back(std::move(question));
    }
    return Waiting{std::move(client), std::move(questions)};
}

void print_question(std::string const& session, Question const& question)
{
    fmt::print("{}/{}  {}\n", session, shown(question.id, 20), shown(question.summary, 200));
    std::string line =
        question.target.method.empty()
            ? fmt::format("connect to {}:{}", shown(question.target.host), question.target.port)
            : fmt::format(
                "{} {}", shown(question.target.method, 20), shown(question.target.path, 80));
    fmt::print("    {}   {} waiting   {}\n", line, question.count,
        question.state == "held" ? "denied at " + shown(question.deadline, 40)
                                 : "nobody waits any more; an answer counts for the next try");
    if (!question.why.text.empty())
        fmt::print("    blocked: {}\n", shown(question.why.text, 200));
    std::string answers;
    for (auto const& offer : question.offers)
        answers += fmt::format("{}{}", answers.empty() ? "" : ", ", shown(offer.id, 20));
    fmt::print("    offers: {}\n", answers);
}

int list_questions(launcher::Environment const& environment, ParsedOptions const& options)
{
    std::size_t count = 0;
    // Looking counts as being there: who lists may answer next.
    for (auto const& id : launcher::running_sessions(environment)) {
        auto waiting = open_questions(environment, id, "decide");
        if (!waiting.ok())
            continue;
        for (auto const& question : waiting->questions) {
            ++count;
            if (options.has("json")) {
                auto line = policy::control::encode_line(policy::control::FromServer(question));
                if (line.ok()) // the session's id goes in front of the question's own keys
                    fmt::print("{{\"session\":{},{}", json_quoted(id), line->substr(1));
            } else
                print_question(id, question);
        }
    }
    if (count == 0 && !options.has("json"))
        fmt::print("no request is waiting\n");
    return count == 0 && options.has("exit-code") ? 3 : kSuccess;
}

struct Found {
    std::string session;
    Waiting waiting;
    Question question;
};

// "q-3", or "SESSION/q-3" with the session as osh(1) names it.
Result<Found> find_question(launcher::Environment const& environment, std::string const& name)
{
    auto const slash = name.find('/');
    std::string prefix = slash == std::string::npos ? "" : name.substr(0, slash);
    std::string const wanted = slash == std::string::npos ? name : name.substr(slash + 1);
    auto const running = launcher::running_sessions(environment);
    if (auto named = launcher::session_by_word(environment, running, prefix); named.ok())
        prefix = *std::move(named);
    std::vector<Found> found;
    for (auto const& id : running) {
        if (!id.starts_with(prefix))
            continue;
        auto waiting = open_questions(environment, id, "decide");
        if (!waiting.ok())
            continue;
        auto const question = std::find_if(waiting->questions.begin(), waiting->questions.end(),
            [&](Question const& open) { return open.id == wanted; });
        if (question != waiting->questions.end()) {
            Question copy = *question;
            found.push_back({id, *std::move(waiting), std::move(copy)});
        }
    }
    if (found.empty())
        return fail(Errc::NotFound,
            fmt::format(
                "no question {} is open. `osh approvals list` shows what waits", in_quotes(name)));
    if (found.size() > 1)
        return fail(Errc::Invalid,
            fmt::format("several sessions have a question {}; write SESSION/{}", wanted, wanted));
    return std::move(found.front());
}

// Without --offer: the narrowest offer of this effect that lasts as long as was asked for.
Result<Offer> choose_offer(
    Question const& question, ParsedOptions const& options, std::string const& effect)
{
    std::string const duration = options.last("for", "once");
    for (auto const& offer : question.offers) {
        if (offer.effect != effect)
            continue;
        bool const is_named = !options.has("offer") || offer.id == options.last("offer");
        bool const lasts = std::find(offer.durations.begin(), offer.durations.end(), duration)
                           != offer.durations.end();
        if (is_named && lasts)
            return offer;
    }
    return fail(Errc::Invalid,
        fmt::format("{} has no such offer for {}. `osh approvals list` shows the offers",
            shown(question.id, 20), in_quotes(duration)));
}

int answer_question(launcher::Environment const& environment, ParsedOptions const& options,
    std::string const& effect)
{
    auto found = find_question(environment, options.positionals[1]);
    if (!found.ok())
        return tell(found.error());
    auto const offer = choose_offer(found->question, options, effect);
    if (!offer.ok())
        return tell(offer.error());
    policy::control::Answer answer{1, found->question.id,
        options.last("digest", found->question.digest), offer->id, options.last("for", "once"),
        options.last("note")};
    auto& client = found->waiting.client;
    if (auto sent = client.send(answer); !sent.ok())
        return tell(sent.error());
    auto const reply = client.receive_a<policy::control::Reply>(launcher::soon());
    if (!reply.ok())
        return tell(reply.error());
    if (!reply->ok) {
        fmt::print(stderr, "osh: {}: {}\n", shown(reply->code, 40), shown(reply->text, 200));
        return kNegative;
    }
    fmt::print("{} {}{}, {} request{} released\n", effect == "allow" ? "allowed" : "denied",
        answer.duration == "session" ? "for this session" : "once",
        reply->grant.empty() ? "" : " (" + shown(reply->grant, 20) + ")", reply->released,
        reply->released == 1 ? "" : "s");
    return kSuccess;
}

int undo_grant(launcher::Environment const& environment, ParsedOptions const& options)
{
    std::string const& name = options.positionals[1];
    auto const slash = name.find('/');
    std::string const prefix = slash == std::string::npos ? "" : name.substr(0, slash);
    auto const running = launcher::running_sessions(environment);
    auto const id = prefix.empty() && running.size() == 1
                        ? Result<std::string>(running.front())
                        : launcher::session_by_word(environment, running, prefix);
    if (!id.ok())
        return tell({Errc::Invalid, 0, "say which session: SESSION/" + name});
    auto client = launcher::ControlClient::connect(environment, *id, "decide");
    if (!client.ok())
        return tell(client.error());
    std::string const grant = slash == std::string::npos ? name : name.substr(slash + 1);
    if (auto sent = client->send(policy::control::Undo{1, grant}); !sent.ok())
        return tell(sent.error());
    auto const reply = client->receive_a<policy::control::Reply>(launcher::soon());
    if (!reply.ok())
        return tell(reply.error());
    if (!reply->ok)
        return tell({Errc::NotFound, 0, reply->text});
    fmt::print("taken back\n");
    return kSuccess;
}

} // namespace

int approvals_command(Arguments arguments)
{
    OptionTable const table{"approvals", "list|allow ID|deny ID|undo GRANT [options]",
        "Show requests that wait for a person, and answer them.",
        {{"--json", "", "one JSON object a line (list)"},
            {"--exit-code", "", "exit 3 when nothing waits (list)"},
            {"--for", "once|session", "how long the answer lasts, once"},
            {"--offer", "OFFER", "which of the question's offers"},
            {"--digest", "D", "refuse when the question is not the one that was seen"},
            {"--note", "TEXT", "a note for the journal"}}};
    int exit_code = 0;
    auto const options = parsed_or_told(table, arguments, exit_code);
    if (!options)
        return exit_code;
    auto const& words = options->positionals;
    auto const environment = launcher::environment_of_this_process();
    if (words.empty() || (words.size() == 1 && words[0] == "list"))
        return list_questions(environment, *options);
    if (words.size() != 2)
        return tell_usage(table, "list, or allow, deny or undo with an id");
    if (words[0] == "allow" || words[0] == "deny")
        return answer_question(environment, *options, words[0]);
    if (words[0] == "undo")
        return undo_grant(environment, *options);
    return tell_usage(table, "unknown verb " + in_quotes(words[0]));
}

} // namespace osh::cli
