#pragma once
// The plan: everything `osh run` would do, as printable values. (Profile, Policy, HostFacts) ->
// Plan is pure; `osh plan` prints it, launcher/apply carries it out, init receives it as one
// message.

#include "launcher/plan/group_plan.h"
#include "launcher/plan/host_facts.h"
#include "policy/base/bytes.h"
#include "policy/base/diagnostic.h"
#include "policy/compile/policy.h"
#include "policy/model/profile.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace osh::launcher
{

enum class MountKind : std::uint8_t {
    Tmpfs,
    Bind,
    Proc,
    Devpts,
    Directory,
    Symlink,
    File,
    MaskFile,
    MaskDirectory,
    Twin, // what stands at `source` inside, at `target` as well
    Self, // the target, as it stands by then, on itself: other flags, and it cannot be renamed away
    Socket, // a socket of the host, which Bind refuses
    Overlay // what stands at `source` on the host; what is written goes to Plan::changes
};

struct MountStep { // in order; targets are absolute paths inside the sandbox
    MountKind kind = MountKind::Bind;
    std::string target;
    std::string source;  // Bind: host path; Twin: path inside; Symlink: link text
    std::string content; // File: its bytes
    bool read_only = true, no_exec = false, no_dev = true, optional = false;
    std::uint32_t mode = 0755;                // Directory, File, Tmpfs
    std::uint64_t size_bytes = 0, inodes = 0; // Tmpfs
};

struct LandlockRule {
    std::string path;
    enum class Access : std::uint8_t {
        List, // directories may be listed, nothing else
        Read,
        ReadExecute,
        ReadWrite,
        ReadWriteExecute,
        Device,
        Terminal,
        Socket // one that was not made by the agent's own processes
    } access = Access::Read;
    bool optional = true; // a path that is not there needs no rule
};

struct ResourceLimit {
    std::string name; // "nofile", as prlimit(1) spells them
    std::uint64_t value = 0;
};

// Kept between sessions, outside: made by the supervisor before the start when missing.
struct StatePath {
    std::string host_path;
    bool is_file = false;
};

// What the broker of name-creating calls refuses. Absolute paths as seen inside, and patterns as
// the profile has them. Without roots and kept places there is nothing to guard, and no broker.
struct GuardPlan {
    std::vector<std::string> roots; // writable trees of the host
    std::vector<std::string> protect, masks;
    // Places of the home that are kept on the host: a `.git` file in the project could lead there,
    // so no repository in them may hold orders.
    std::vector<std::string> kept;
    bool is_needed() const { return !roots.empty() || !kept.empty(); }
};

// A socket of the host that the profile opens by name; its inner end is made by init, and served by
// launcher/supervise/door_keeper.
struct Door {
    std::string name, inside;
    std::string host; // stays with the supervisor
};

// One document of the session's policy, for people: docs/policy-layers.md.
struct PolicySource {
    std::string layer; // "profile", "project"
    std::string name;  // file as shown, or "(command line)"
    enum class May : std::uint8_t { Grant, Narrow } may = May::Grant;
};

struct Plan {
    std::string profile_name;
    std::vector<PolicySource> policy_sources;     // in the order they were read
    std::vector<std::string> command;             // argv
    std::string working_directory;                // inside
    std::vector<std::string> environment;         // NAME=value, sorted
    std::vector<std::string> environment_removed; // names, for `osh env`
    std::vector<MountStep> mounts;
    std::vector<LandlockRule> landlock;
    std::vector<ResourceLimit> limits;
    GroupPlan group;
    std::uint32_t pid_limit = 0; // of the PID namespace; 0: the kernel's
    std::int32_t nice = 0;
    std::vector<StatePath> state;
    std::vector<Door> doors;
    std::map<std::string, std::string> door_variables; // tell programs where the inner ends are
    GuardPlan guard;
    // Host folder with `upper` and `work` of the Overlay step, "" without one. The planner knows
    // the folder above; the session's id is added at the start.
    std::string changes;
    std::string trust_bundle;  // host path of the CA bundle that the session CA is added to
    std::string trust_file;    // inside: written at start, the other places are links to it
    std::string trust_store;   // host folder with the anchors, for the supervisor
    bool has_java = false;     // a Java key store is wanted
    std::string nss_folder;    // inside: gets an NSS database, "" when the place is not ours
    std::uint32_t umask = 022; // the person's own, for what the agent makes
    std::int32_t oom_score_adjust = 500; // in a shortage the sandbox goes first
    std::string project;                 // host path, also the path inside
    std::uint32_t uid = 0, gid = 0;
    std::string host_name = "osh";
    bool has_network = true;
    bool nested_allow = false, debug_allow = true;
    // It matters which program opens a connection: init hears of each, which costs it some
    // microseconds. From the policy and the profile as they are at the start.
    bool hears_openers = true;
    bool require_landlock = true;
    std::int32_t landlock_abi =
        0; // of this kernel; 0: the layer is absent and the profile bears it
    std::vector<std::string> warnings; // what makes the boundary void, said at every start
    std::vector<std::string> notes;    // what weakens the session, one line each
};

struct Planned {
    Plan plan;
    std::vector<Error> errors; // nothing is started when not empty
};

Planned make_plan(policy::Profile const& profile, policy::Policy const& policy,
    HostFacts const& facts, std::vector<std::string> const& command);

std::string describe(Plan const& plan);      // `osh plan`
std::string describe_json(Plan const& plan); // `osh plan --json`

inline constexpr std::size_t kMaxPlanMessage = 4 * 1024 * 1024;
inline constexpr std::uint32_t kMaxPlanItems = 65'536;

// For the message to init: exact, versioned, bounded.
std::vector<std::byte> encode(Plan const& plan);
Result<Plan> decode_plan(Bytes message);

} // namespace osh::launcher
