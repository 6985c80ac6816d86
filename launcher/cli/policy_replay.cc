// `osh policy replay`: recorded requests judged again by another policy; what would change.

#include "launcher/cli/policy_command.h"
#include "launcher/cli/policy_journal.h"
#include "launcher/cli/policy_request.h"
#include "policy/base/text.h"
#include "policy/evaluate/json_body.h"

#include <fmt/core.h>

namespace osh::cli
{
namespace
{

OptionTable const& table()
{
    static OptionTable const options{"policy replay", "FILE JOURNAL",
        "Judges the requests of a journal (JSON lines) by a policy and lists each whose answer "
        "changes. Exit: 0 none, 1 some.",
        {{"--json", "", "one JSON object per change"}}, Positionals::Intermixed};
    return options;
}

struct Tally {
    std::size_t judged = 0;
    std::size_t changed = 0;
};

void print_change(
    TestRequest const& request, std::string_view before, TestAnswer const& answer, bool as_json)
{
    std::string const what = fmt::format("{} {}:{}{}", request.method.value_or("connect"),
        shown(request.host, 120), request.port, request.method ? shown(request.path) : "");
    if (as_json)
        fmt::print("{{\"v\":1,\"before\":{},\"after\":\"{}\",\"request\":{},\"binary\":{}}}\n",
            json_quoted(before), word_of(answer.decision), json_quoted(what),
            json_quoted(request.binary));
    else
        fmt::print("{} -> {}  {}  {}\n", shown(before, 10), word_of(answer.decision), what,
            shown(request.binary, 120));
}

void replay_line(std::string_view line, policy::Policy const& policy, Tally& tally, bool as_json)
{
    auto const value = policy::parse_json(line);
    std::string const* const before = value ? value->find_text("decision") : nullptr;
    auto const request = parse_test_request(line);
    if (!before || !request || request->host.empty())
        return;
    ++tally.judged;
    TestAnswer const answer = decide(policy, *request);
    if (*before == word_of(answer.decision))
        return;
    ++tally.changed;
    print_change(*request, *before, answer, as_json);
}

} // namespace

int policy_replay(Arguments arguments)
{
    auto options = verb_options(table(), arguments);
    if (!options.parsed)
        return options.code;
    auto const& files = options.parsed->positionals;
    if (files.size() != 2) {
        fmt::print(stderr, "osh policy replay: expected a policy and a journal.\n");
        return kPolicyUsage;
    }
    auto const compiled = load_policy_file(files[0]);
    auto const journal = read_journal(files[1]);
    if (!compiled.policy || !journal) {
        fmt::print(stderr, "{}",
            compiled.policy ? "osh policy replay: " + journal.error().sentence + "\n"
                            : render(compiled.diagnostics));
        return kPolicyUsage;
    }
    Tally tally;
    for (auto line : split(*journal, '\n'))
        replay_line(line, *compiled.policy, tally, options.parsed->has("json"));
    fmt::print(stderr, "{} requests judged, {} would end otherwise\n", tally.judged, tally.changed);
    return tally.changed == 0 ? kPolicyFine : kPolicyNo;
}

} // namespace osh::cli
