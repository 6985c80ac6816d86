#pragma once
// Git over HTTP as a policy sees it: what a `git` rule names, and what a push asks for. Not: the
// pkt-lines that a push is read from (netproxy/proxy/git_push.h). gitprotocol-http(5),
// gitprotocol-pack(5).

#include "policy/model/glob.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osh::policy
{

enum class GitOperation : std::uint8_t { Fetch, Push };

std::string_view name_of(GitOperation operation);

inline constexpr std::string_view kBranches = "refs/heads/";
inline constexpr std::string_view kTags = "refs/tags/";

// `git` of a rule. In a deny rule what is absent stands for everything, and letters match in either
// case: servers may take O/R for o/r.
struct GitRule {
    std::optional<GitOperation> operation; // absent in a deny rule only
    std::optional<Glob> repository;        // "owner/name", without ".git"; likewise
    std::vector<Glob> refs;                // full names; none: every branch
    std::vector<Glob> push_options;        // none: a push may carry none
    bool may_force = false;                // an update that is not proven to keep what is there
    bool may_delete = false;
    bool may_tag = false; // make, move, and delete with may_delete
    bool is_deny = false;

    bool names(GitOperation what, std::string_view repository_name) const;
    bool names_ref(std::string_view ref) const;
};

enum class GitChange : std::uint8_t { Create, Update, Delete };

// One command of a push.
struct GitCommand {
    std::string ref; // a full name, printable
    GitChange change = GitChange::Create;
    bool is_fast_forward = false; // an Update proven to keep the commits that the ref had
};

struct GitPush {
    std::vector<GitCommand> commands;
    std::vector<std::string> options;
};

} // namespace osh::policy
