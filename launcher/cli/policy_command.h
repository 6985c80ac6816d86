#pragma once
// `osh policy`: the dispatch of its verbs, and what they share: reading files with a clear error,
// printing what is wrong with them. One verb lives in one policy_<verb>.cc.

#include "launcher/cli/command.h"
#include "launcher/cli/options.h"
#include "policy/compile/policy.h"
#include "policy/model/profile.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osh::cli
{

int policy_command(Arguments arguments);

// Exit codes of `osh policy` (design: cli, exit codes).
constexpr int kPolicyFine = 0;
constexpr int kPolicyNo = 1; // a negative answer, errors in the file
constexpr int kPolicyUsage = 2;
constexpr int kPolicyAsk = 3;

int policy_check(Arguments arguments);
int policy_lint(Arguments arguments);
int policy_test(Arguments arguments);
int policy_explain(Arguments arguments);
int policy_diff(Arguments arguments);
int policy_show(Arguments arguments);
int policy_suggest(Arguments arguments);
int policy_from(Arguments arguments); // policy_suggest.cc
int policy_import(Arguments arguments);
int policy_fmt(Arguments arguments);
int policy_schema(Arguments arguments);
int policy_replay(Arguments arguments);

// Regular files up to the limit of a policy; "-" is standard input.
Result<std::string> read_policy_text(std::string const& path);
// Parses options; prints help or the usage error. Nothing means: return `code`.
struct VerbOptions {
    std::optional<ParsedOptions> parsed;
    int code = kPolicyFine;
};
VerbOptions verb_options(OptionTable const& table, Arguments arguments);
// One file, compiled; prints what is wrong to stderr. Null policy: return kPolicyNo.
policy::CompiledPolicy load_policy_file(std::string const& path);
// What a session with this profile decides by: its documents, and what it does beyond them.
struct ProfilePolicy {
    policy::CompiledPolicy compiled;
    std::vector<policy::PolicyLayer> layers; // with the project's and the machine's, last
    policy::Profile profile;
};
Result<ProfilePolicy> load_profile_policy(std::string const& name);
std::string problem_count(Diagnostics const& diagnostics); // "2 errors and 1 warning"

} // namespace osh::cli
