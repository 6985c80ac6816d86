// `osh policy check`: every error and warning of each file.

#include "launcher/cli/policy_command.h"
#include "policy/base/text.h"

#include <fmt/core.h>

namespace osh::cli
{
namespace
{

OptionTable const& table()
{
    static OptionTable const options{"policy check", "FILE…",
        "Reads policy files and lists every error and warning. Exit: 0 fine, 1 errors.",
        {{"--strict", "", "warnings count as errors"}, {"--json", "", "one JSON object per file"}},
        Positionals::Intermixed};
    return options;
}

void print_json(std::string const& path, policy::CompiledPolicy const& compiled, bool is_fine)
{
    fmt::print("{{\"v\":1,\"file\":{},\"ok\":{},\"diagnostics\":{}}}\n", json_quoted(path), is_fine,
        render_json(compiled.diagnostics));
}

void print_text(std::string const& path, policy::CompiledPolicy const& compiled)
{
    if (compiled.diagnostics.empty())
        fmt::print("{}: fine\n", shown(path));
    else
        fmt::print("{}\n{}: {}\n", render(compiled.diagnostics), shown(path),
            problem_count(compiled.diagnostics));
}

} // namespace

int policy_check(Arguments arguments)
{
    auto options = verb_options(table(), arguments);
    if (!options.parsed)
        return options.code;
    if (options.parsed->positionals.empty()) {
        fmt::print(stderr, "osh policy check: expected a file. See `osh policy check --help`.\n");
        return kPolicyUsage;
    }
    int code = kPolicyFine;
    for (auto const& path : options.parsed->positionals) {
        auto const compiled = load_policy_file(path);
        bool const is_fine =
            compiled.policy && (!options.parsed->has("strict") || compiled.diagnostics.empty());
        if (options.parsed->has("json"))
            print_json(path, compiled, is_fine);
        else
            print_text(path, compiled);
        if (!is_fine)
            code = kPolicyNo;
    }
    return code;
}

} // namespace osh::cli
