#pragma once
// What the planner needs to know about the host's files before it can plan: a value, so that the
// planner itself stays free of system calls. apply/host_probe answers it.

#include "policy/model/profile.h"

#include <string>
#include <string_view>
#include <vector>

namespace osh::launcher
{

inline constexpr std::size_t kMaxMaskWalk = 20'000; // directory entries looked at for mask globs
inline constexpr std::size_t kMaxMaskDepth = 8;

// Quick: what a start needs; whether namespaces work shows when they are made. Thorough: tries them
// beforehand, for `osh doctor`, and to explain a failed start.
enum class ProbeDepth : bool { Quick, Thorough };

struct ProbeRequest {
    ProbeDepth depth = ProbeDepth::Quick;
    std::string project_root = "git";       // "git", "cwd" or a path
    std::vector<std::string> system_paths;  // absolute
    std::vector<std::string> paths;         // may begin with ~, $PROJECT, $STATE
    std::vector<std::string> grants;        // of `paths`: what is shown, to look for sockets in
    std::vector<std::string> project_paths; // relative to the project: protected places
    std::vector<std::string> masks;         // globs relative to the project; "!" excepts
    std::vector<std::string> sockets;       // names of plan/doors
};

ProbeRequest probe_request(policy::Profile const& profile);

// "~", "$HOME", "$PROJECT", "$STATE" at the start; "" for what is not absolute afterwards.
struct Places {
    std::string home, project, state;
};
std::string expand_path(std::string_view path, Places const& places);

// The osh state directory of this person: $XDG_STATE_HOME/osh, else ~/.local/state/osh.
std::string state_directory(std::string_view xdg_state_home, std::string_view home);

} // namespace osh::launcher
