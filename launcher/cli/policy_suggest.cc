// `osh policy suggest`: the smallest rules that would have allowed the denials of a journal, as
// commented YAML. Exact hosts, methods and paths only: a wildcard is for a person to write.

#include "launcher/cli/policy_command.h"
#include "launcher/cli/policy_request.h"
#include "policy/base/text.h"
#include "policy/evaluate/json_body.h"

#include <fmt/core.h>
#include <map>
#include <set>

namespace osh::cli
{
namespace
{

OptionTable const& table()
{
    static OptionTable const options{"policy suggest", "LOG",
        "Reads JSON lines with decision, host, port, binary, method and path, and prints the "
        "smallest policy that would have allowed what was denied.",
        {{"--json", "", "one JSON object"}}, Positionals::Intermixed};
    return options;
}

struct Wish {
    std::set<std::pair<std::string, std::string>> requests; // method, path; none: any bytes
    bool is_plain = false;
    std::size_t count = 0;
};
using Wishes = std::map<std::tuple<std::string, std::string, std::int64_t>, Wish>;

void add_line(std::string_view line, Wishes& wishes)
{
    auto const value = policy::parse_json(line);
    std::string const* const decision = value ? value->find_text("decision") : nullptr;
    auto const request = parse_test_request(line);
    if (!decision || *decision != "deny" || !request || request->host.empty()
        || request->binary.empty() || request->binary.find('*') != std::string::npos
        || request->port < 1 || request->port > 65'535)
        return;
    Wish& wish = wishes[{request->binary, request->host, request->port}];
    ++wish.count;
    wish.is_plain = wish.is_plain || !request->method;
    if (request->method)
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

void print_wish(std::size_t number, Wishes::value_type const& one)
{
    auto const& [binary, host, port] = one.first;
    Wish const& wish = one.second;
    fmt::print("  suggested_{}: # denied {} time{}\n    endpoints:\n", number, wish.count,
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
        out += fmt::format("{}{{\"binary\":{},\"host\":{},\"port\":{},\"count\":{},"
                           "\"any_bytes\":{},\"requests\":[{}]}}",
            out.empty() ? "" : ",", json_quoted(binary), json_quoted(host), port, wish.count,
            wish.is_plain, requests);
    }
    return fmt::format("{{\"v\":1,\"suggestions\":[{}]}}", out);
}

void print_policy(Wishes const& wishes)
{
    fmt::print("# {} denied destination{}. Read each before you keep it.\nversion: 1\n{}",
        wishes.size(), wishes.size() == 1 ? "" : "s", wishes.empty() ? "" : "network_policies:\n");
    std::size_t number = 0;
    for (auto const& one : wishes)
        print_wish(++number, one);
}

} // namespace

int policy_suggest(Arguments arguments)
{
    auto options = verb_options(table(), arguments);
    if (!options.parsed)
        return options.code;
    if (options.parsed->positionals.size() != 1) {
        fmt::print(stderr, "osh policy suggest: expected one journal.\n");
        return kPolicyUsage;
    }
    auto const text = read_policy_text(options.parsed->positionals[0]);
    if (!text) {
        fmt::print(stderr, "osh policy suggest: {}\n", text.error().sentence);
        return kPolicyUsage;
    }
    Wishes wishes;
    for (auto line : split(*text, '\n'))
        add_line(line, wishes);
    if (options.parsed->has("json"))
        fmt::print("{}\n", as_json(wishes));
    else
        print_policy(wishes);
    return wishes.empty() ? kPolicyNo : kPolicyFine;
}

} // namespace osh::cli
