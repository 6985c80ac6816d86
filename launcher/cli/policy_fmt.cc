// `osh policy fmt`: the canonical layout, on standard output or in place.

#include "launcher/cli/policy_command.h"
#include "launcher/sys/replace_file.h"
#include "policy/base/text.h"
#include "policy/explain/format.h"

#include <fmt/core.h>

namespace osh::cli
{
namespace
{

OptionTable const& table()
{
    static OptionTable const options{"policy fmt", "FILE",
        "Prints the policy in its canonical layout; comments stay. Exit: 0 done, 1 the file cannot "
        "be read, or with --check: it is laid out otherwise.",
        {{"--write", "", "into the file itself"}, {"--check", "", "print nothing, only compare"},
            {"--json", "", "one JSON object: is it laid out so, and the text"}},
        Positionals::Intermixed};
    return options;
}

} // namespace

int policy_fmt(Arguments arguments)
{
    auto options = verb_options(table(), arguments);
    if (!options.parsed)
        return options.code;
    if (options.parsed->positionals.size() != 1) {
        fmt::print(stderr, "osh policy fmt: expected one file.\n");
        return kPolicyUsage;
    }
    std::string const& path = options.parsed->positionals[0];
    auto const text = read_policy_text(path);
    if (!text) {
        fmt::print(stderr, "osh policy fmt: {}\n", text.error().sentence);
        return kPolicyUsage;
    }
    auto const document = policy::read_yaml(path, *text);
    auto const out = policy::formatted(document);
    if (!out) {
        fmt::print(stderr, "{}osh policy fmt: {}: {}\n", render(document.diagnostics), shown(path),
            out.error().sentence);
        return kPolicyNo;
    }
    if (options.parsed->has("json"))
        fmt::print("{{\"v\":1,\"file\":{},\"is_canonical\":{},\"text\":{}}}\n", json_quoted(path),
            *out == *text, json_quoted(*out));
    if (options.parsed->has("check"))
        return *out == *text ? kPolicyFine : kPolicyNo;
    if (!options.parsed->has("write")) {
        if (!options.parsed->has("json"))
            fmt::print("{}", *out);
        return kPolicyFine;
    }
    if (*out == *text)
        return kPolicyFine;
    auto const written = sys::replace_file(path, *out);
    if (!written)
        fmt::print(stderr, "osh policy fmt: {}\n", written.error().sentence);
    return written ? kPolicyFine : kPolicyNo;
}

} // namespace osh::cli
