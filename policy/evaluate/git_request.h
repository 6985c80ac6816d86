#pragma once
// Git's smart HTTP in a request: which repository, to fetch or to push; and whether rules allow it.
// A fetch asks for object ids, not refs, so it is judged by its repository alone; of a push each
// command is judged. Not smart HTTP (dumb HTTP, LFS, archives): judged by method and path as any
// other request. gitprotocol-http(5).

#include "policy/evaluate/query.h"
#include "policy/model/network.h"

#include <optional>
#include <span>
#include <string>

namespace osh::policy
{

enum class GitStep : std::uint8_t { Discover, Exchange };

struct GitRequest {
    GitOperation operation = GitOperation::Fetch;
    GitStep step = GitStep::Discover;
    std::string repository; // of the path, without the first slash and ".git"
};

std::optional<GitRequest> git_request(
    std::string_view method, std::string_view canonical_path, QueryValues const& query);

using EndpointList = std::span<Endpoint const* const>;

// Does a rule, of whichever kind, look at requests like this one? Then a push must be read first.
bool is_git_judged(EndpointList endpoints, GitRequest const& request);
// Does an allow rule name the repository for this operation? Then method and path allow nothing.
bool is_git_ruled(EndpointList endpoints, GitRequest const& request);

// `push` is null before an exchange; a deny rule about refs cannot fire then.
L7Rule const* denying_git_rule(
    Endpoint const& endpoint, GitRequest const& request, GitPush const* push);

struct GitJudgement {
    L7Rule const* rule = nullptr; // one that allows
    Endpoint const* endpoint = nullptr;
    std::string refusal; // "" where everything is allowed
};
GitJudgement judge_git(EndpointList endpoints, GitRequest const& request, GitPush const* push);

} // namespace osh::policy
