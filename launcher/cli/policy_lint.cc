// `osh policy lint`: check, and everything that is probably not meant.

#include "launcher/cli/policy_command.h"
#include "policy/base/text.h"
#include "policy/explain/lint.h"

#include <fmt/core.h>

namespace osh::cli
{
namespace
{

OptionTable const& table()
{
    static OptionTable const options{"policy lint", "FILE…",
        "Lists errors, warnings and the silent traps of policy files. Exit: 0 no errors, 1 errors.",
        {{"--strict", "", "warnings count as errors"}, {"--json", "", "one JSON object per file"}},
        Positionals::Intermixed};
    return options;
}

Diagnostics findings_of(std::string const& path)
{
    auto text = read_policy_text(path);
    if (!text)
        return load_policy_file(path).diagnostics;
    Diagnostics out = policy::compile_policy({{path, *text, ""}}).diagnostics;
    for (auto& finding : policy::lint(policy::read_yaml(path, *std::move(text))))
        out.push_back(std::move(finding));
    return out;
}

} // namespace

int policy_lint(Arguments arguments)
{
    auto options = verb_options(table(), arguments);
    if (!options.parsed)
        return options.code;
    if (options.parsed->positionals.empty()) {
        fmt::print(stderr, "osh policy lint: expected a file. See `osh policy lint --help`.\n");
        return kPolicyUsage;
    }
    int code = kPolicyFine;
    for (auto const& path : options.parsed->positionals) {
        Diagnostics const found = findings_of(path);
        bool const is_fine =
            !has_errors(found) && (!options.parsed->has("strict") || found.empty());
        if (options.parsed->has("json"))
            fmt::print("{{\"v\":1,\"file\":{},\"ok\":{},\"diagnostics\":{}}}\n", json_quoted(path),
                is_fine, render_json(found));
        else if (found.empty())
            fmt::print("{}: fine\n", shown(path));
        else
            fmt::print("{}\n{}: {}\n", render(found), shown(path), problem_count(found));
        code = is_fine ? code : kPolicyNo;
    }
    return code;
}

} // namespace osh::cli
