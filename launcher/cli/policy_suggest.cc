// `osh policy suggest` and `osh policy from`: the smallest rules that would have allowed the
// denials of a journal, or that would allow again what was used, as commented YAML. Exact hosts,
// methods and paths only: a wildcard is for a person to write.

#include "launcher/cli/policy_command.h"
#include "launcher/cli/policy_journal.h"
#include "launcher/cli/policy_request.h"
#include "policy/base/text.h"
#include "policy/evaluate/git_request.h"
#include "policy/evaluate/json_body.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <set>

namespace osh::cli
{
namespace
{

enum class Source : std::uint8_t { Denied, Used };
enum class Methods : std::uint8_t { All, ReadsOnly };

OptionTable const& table_of(Source source)
{
    static OptionTable const suggest{"policy suggest", "SESSION|LOG",
        "Reads the journal of a session, or JSON lines with decision, host, port, binary, method "
        "and path, and prints the smallest policy that would have allowed what was denied.",
        {{"--json", "", "one JSON object"}}, Positionals::Intermixed};
    static OptionTable const from{"policy from", "SESSION|LOG",
        "Prints the smallest policy that allows what a session used.",
        {{"--json", "", "one JSON object"},
            {"--reads-only", "", "only requests with GET, HEAD and OPTIONS"}},
        Positionals::Intermixed};
    return source == Source::Used ? from : suggest;
}

struct Wish {
    std::set<std::pair<std::string, std::string>> requests; // method, path; none: any bytes
    std::set<std::string> fetches;                          // repositories
    std::set<std::pair<std::string, std::string>> pushes;   // repository, ref
    bool is_plain = false;
    std::size_t count = 0;
};
using Wishes = std::map<std::tuple<std::string, std::string, std::int64_t>, Wish>;

std::string_view word_of(Source source)
{
    return source == Source::Used ? "used" : "denied";
}

struct Taken {
    Source source = Source::Denied;
    Methods methods = Methods::All;
};

bool takes(Taken const& taken, std::string const* decision, TestRequest const& request)
{
    if (!decision || *decision != (taken.source == Source::Used ? "allow" : "deny"))
        return false;
    if (taken.methods == Methods::All)
        return true;
    constexpr std::string_view kReads[] = {"GET", "HEAD", "OPTIONS"};
    return request.method && std::ranges::find(kReads, *request.method) != std::end(kReads);
}

// What a rule about git refused is one wish for its repository, not one for each path. The reason
// says for what it was, and for which ref (policy/evaluate/git_request.cc).
bool add_git(TestRequest const& request, std::string_view reason, Wish& wish)
{
    bool const is_push = reason.starts_with("git push ");
    if (!is_push && !reason.starts_with("git fetch "))
        return false;
    policy::QueryValues const query{
        {"service", {is_push ? "git-receive-pack" : "git-upload-pack"}}};
    auto const git = policy::git_request(*request.method, request.path, query);
    if (!git)
        return false;
    auto const at = reason.find(": refs/");
    if (!is_push)
        wish.fetches.insert(git->repository);
    else if (at != std::string_view::npos)
        wish.pushes.insert({git->repository,
            std::string(reason.substr(at + 2, reason.find(' ', at + 2) - at - 2))});
    else
        wish.pushes.insert({git->repository, ""});
    return true;
}

void add_line(std::string_view line, Taken const& taken, Wishes& wishes)
{
    auto const value = policy::parse_json(line);
    std::string const* const decision = value ? value->find_text("decision") : nullptr;
    auto const request = parse_test_request(line);
    if (!request || !takes(taken, decision, *request) || request->host.empty()
        || request->binary.empty() || request->binary.find('*') != std::string::npos
        || request->port < 1 || request->port > 65'535)
        return;
    Wish& wish = wishes[{request->binary, request->host, request->port}];
    ++wish.count;
    wish.is_plain = wish.is_plain || !request->method;
    std::string const* const reason = value->find_text("reason");
    if (request->method && !(reason && add_git(*request, *reason, wish)))
        wish.requests.insert({*request->method, request->path});
}

// Patterns of the agent's making stay text: "*" in a path would otherwise become a wildcard.
std::string yaml_path(std::string_view path)
{
    std::string out;
    for (char c : path) {
        if (std::string_view("*?[]{}\\").find(c) != std::string_view::npos)
            out += '\\';
        out += c;
    }
    return json_quoted(out);
}

// Requests that were judged one by one say more than the connection that carried them.
void keep_the_requests(Wishes& wishes)
{
    for (auto& [place, wish] : wishes)
        wish.is_plain =
            wish.is_plain && wish.requests.empty() && wish.fetches.empty() && wish.pushes.empty();
}

void print_git(Wish const& wish)
{
    for (auto const& repository : wish.fetches)
        fmt::print("          - allow: {{ git: {{ repository: {}, operation: fetch }} }}\n",
            yaml_path(repository));
    for (auto const& [repository, ref] : wish.pushes)
        fmt::print(
            "          - allow: {{ git: {{ repository: {}, operation: push, refs: [{}] }} }}\n",
            yaml_path(repository), yaml_path(ref.empty() ? "name-the-branches" : ref));
}

void print_wish(Source source, std::size_t number, Wishes::value_type const& one)
{
    auto const& [binary, host, port] = one.first;
    Wish const& wish = one.second;
    fmt::print("  {}_{}: # {} {} time{}\n    endpoints:\n",
        source == Source::Used ? "used" : "suggested", number, word_of(source), wish.count,
        wish.count == 1 ? "" : "s");
    if (host.find('*') != std::string::npos) {
        fmt::print("      [] # the name has a \"*\" in it and cannot be suggested\n");
    } else {
        fmt::print("      - host: {}\n        port: {}\n", json_quoted(host), port);
        if (!wish.is_plain) {
            fmt::print("        protocol: rest\n        enforcement: enforce\n        rules:\n");
            for (auto const& [method, path] : wish.requests)
                fmt::print("          - allow: {{ method: {}, path: {} }}\n", json_quoted(method),
                    yaml_path(path));
            print_git(wish);
        }
    }
    fmt::print("    binaries:\n      - {{ path: {} }}\n", json_quoted(binary));
}

std::string as_json(Wishes const& wishes)
{
    std::string out;
    for (auto const& [place, wish] : wishes) {
        auto const& [binary, host, port] = place;
        std::string requests;
        for (auto const& [method, path] : wish.requests)
            requests += fmt::format("{}{{\"method\":{},\"path\":{}}}", requests.empty() ? "" : ",",
                json_quoted(method), json_quoted(path));
        std::string git;
        for (auto const& repository : wish.fetches)
            git += fmt::format("{}{{\"repository\":{},\"operation\":\"fetch\"}}",
                git.empty() ? "" : ",", json_quoted(repository));
        for (auto const& [repository, ref] : wish.pushes)
            git += fmt::format("{}{{\"repository\":{},\"operation\":\"push\",\"ref\":{}}}",
                git.empty() ? "" : ",", json_quoted(repository), json_quoted(ref));
        out += fmt::format("{}{{\"binary\":{},\"host\":{},\"port\":{},\"count\":{},"
                           "\"any_bytes\":{},\"requests\":[{}],\"git\":[{}]}}",
            out.empty() ? "" : ",", json_quoted(binary), json_quoted(host), port, wish.count,
            wish.is_plain, requests, git);
    }
    return fmt::format("{{\"v\":1,\"suggestions\":[{}]}}", out);
}

void print_policy(Source source, Wishes const& wishes)
{
    fmt::print("# {} {} destination{}. Read each before you keep it.\nversion: 1\n{}",
        wishes.size(), word_of(source), wishes.size() == 1 ? "" : "s",
        wishes.empty() ? "" : "network_policies:\n");
    std::size_t number = 0;
    for (auto const& one : wishes)
        print_wish(source, ++number, one);
}

int print_rules(Source source, Arguments arguments)
{
    auto options = verb_options(table_of(source), arguments);
    if (!options.parsed)
        return options.code;
    auto const& name = table_of(source).command;
    if (options.parsed->positionals.size() != 1) {
        fmt::print(stderr, "osh {}: expected one session or journal.\n", name);
        return kPolicyUsage;
    }
    auto const text = read_journal(options.parsed->positionals[0]);
    if (!text) {
        fmt::print(stderr, "osh {}: {}\n", name, text.error().sentence);
        return kPolicyUsage;
    }
    bool const reads_only = source == Source::Used && options.parsed->has("reads-only");
    Taken const taken{source, reads_only ? Methods::ReadsOnly : Methods::All};
    Wishes wishes;
    for (auto line : split(*text, '\n'))
        add_line(line, taken, wishes);
    if (source == Source::Used)
        keep_the_requests(wishes);
    if (options.parsed->has("json"))
        fmt::print("{}\n", as_json(wishes));
    else
        print_policy(source, wishes);
    return wishes.empty() ? kPolicyNo : kPolicyFine;
}

} // namespace

int policy_suggest(Arguments arguments)
{
    return print_rules(Source::Denied, arguments);
}

int policy_from(Arguments arguments)
{
    return print_rules(Source::Used, arguments);
}

} // namespace osh::cli
