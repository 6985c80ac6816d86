// `osh policy diff`: two policies compared as what they let happen.

#include "launcher/cli/policy_command.h"
#include "policy/base/text.h"
#include "policy/explain/grants.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

OptionTable const& diff_table()
{
    static OptionTable const options{"policy diff", "A B",
        "What B lets happen and A does not (+), and the other way round (-). Exit: 0 the same, 1 "
        "different.",
        {{"--json", "", "one JSON object"}}, Positionals::Intermixed};
    return options;
}

std::vector<std::string> only_in(std::set<std::string> const& a, std::set<std::string> const& b)
{
    std::vector<std::string> out;
    std::ranges::set_difference(a, b, std::back_inserter(out));
    return out;
}

template<typename Lines>
std::string json_list(Lines const& lines)
{
    std::string out;
    for (auto const& line : lines)
        (out += out.empty() ? "" : ",") += json_quoted(line);
    return "[" + out + "]";
}

} // namespace

int policy_diff(Arguments arguments)
{
    auto options = verb_options(diff_table(), arguments);
    if (!options.parsed)
        return options.code;
    auto const& files = options.parsed->positionals;
    if (files.size() != 2) {
        fmt::print(stderr, "osh policy diff: expected two files.\n");
        return kPolicyUsage;
    }
    std::set<std::string> grants[2];
    for (std::size_t i = 0; i < 2; ++i) {
        auto const compiled = load_policy_file(files[i]);
        if (!compiled.policy) {
            fmt::print(stderr, "{}", render(compiled.diagnostics));
            return kPolicyUsage;
        }
        grants[i] = policy::grants_of(*compiled.policy);
    }
    auto const gained = only_in(grants[1], grants[0]);
    auto const lost = only_in(grants[0], grants[1]);
    if (options.parsed->has("json")) {
        fmt::print("{{\"v\":1,\"gained\":{},\"lost\":{}}}\n", json_list(gained), json_list(lost));
    } else {
        for (auto const& line : gained)
            fmt::print("+ {}\n", line);
        for (auto const& line : lost)
            fmt::print("- {}\n", line);
    }
    return gained.empty() && lost.empty() ? kPolicyFine : kPolicyNo;
}

} // namespace osh::cli
