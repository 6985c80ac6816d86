#pragma once
// What this machine offers and what the person's session is: facts gathered once by
// launcher/sys/host_probe, read by the pure planner.

#include "launcher/plan/cgroup_view.h"
#include "launcher/plan/git_name.h"
#include "launcher/plan/machine.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace osh::launcher
{

// What stands at a path once every link is followed.
enum class NodeKind : std::uint8_t { Missing, Socket, Character, Block, Other };
struct NodeFact {
    NodeKind kind = NodeKind::Missing;
    std::string real_path; // no link on the way
    std::uint32_t owner = 0;
    std::uint32_t major = 0, minor = 0; // of a device
};

struct HostFacts {
    std::uint32_t uid = 0, gid = 0, umask = 022;
    std::string user_name, group_name, home, shell;
    GitName git_name; // of the person's own git configuration
    std::string working_directory;
    std::string project_root; // found by probing for .git upwards, or the working directory
    std::string kernel_release;
    Machine machine;
    int landlock_abi = 0; // 0: absent; -1: built in but off
    int landlock_errata = 0;
    bool has_user_namespaces = false;
    std::string user_namespace_problem; // why not, in words, with the fix
    bool has_tun = false;
    std::string tun_problem;
    bool has_cgroup_namespace = false, has_time_namespace = false;
    std::map<std::string, std::string> environment;
    // System paths that exist: "/usr", "/bin", …; the value is the link target for symbolic links,
    // "" else.
    std::map<std::string, std::string> system_paths;
    // Of those the profile asked about; a directory ends in "/". Masked files and directories of
    // the project are listed in masked_paths.
    std::vector<std::string> existing_paths;
    std::vector<std::string> masked_paths;
    std::vector<std::string> nested_protected; // relative to the project, below its top level
    std::vector<std::string> hooks_paths;      // core.hooksPath inside the project, relative
    std::map<std::string, NodeFact> sockets; // of those that the profile opens, by their name there
    bool mask_walk_ended_early = false;      // the project is larger than the walk's bound
    std::string trust_bundle;                // path of the host's CA bundle, "" if none
    std::string trust_store;                 // folder made of it (apply/trust_store), "" if none
    bool has_java = false;
    std::vector<std::string> java_stores; // files of Java installations with anchors of their own
    std::uint64_t memory_bytes = 0;
    GroupPlace group_place; // where a control group for the sandbox could be made
    std::string libexec;    // directory with osh-init, osh-netproxy
};

} // namespace osh::launcher
