#pragma once
// A profile: what the launcher needs to know besides the policy (design: profiles). Made by
// compile/profile from TOML layers, read by launcher/plan and launcher/supervise. Paths may still
// hold ~, $PROJECT and $STATE: plan expands them.

#include "policy/base/time.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace osh::policy
{

enum class ProjectAccess { ReadWrite, ReadOnly, Overlay, None };
enum class HomeKind { Private, None };
enum class EnvInherit { None, Safe, All };
enum class NetworkMode { Policy, Off, Audit };
enum class HoldStage { Head, Hello, Connect, Never };
enum class Intercept { Needed, All, None };
enum class ApprovalMode { Ask, Queue, Deny };
enum class GrantScope { Once, Session, Always };
enum class CredentialConsent { Ask, Allow, Deny };
enum class BinaryMatch { Path, PathAndHash, Script };
enum class UdpMode { Deny, Policy };
enum class ListenMode { None, Loopback, Publish };
enum class JournalDetail { Off, Decisions, Requests };
enum class ReportKind { None, Short, Full };
enum class ProjectOverlay { Ignore, Narrow, Trust };

struct PolicySection {
    std::string file; // packaged name or path; empty: no network
    std::vector<std::string> add;
    bool default_enforce = true;
    BinaryMatch binary_match = BinaryMatch::PathAndHash;
};

struct FilesystemProfile {
    ProjectAccess project = ProjectAccess::ReadWrite;
    std::string project_root = "git"; // "git", "cwd" or a path
    HomeKind home = HomeKind::Private;
    std::vector<std::string> read, write, deny, mask, protect, persist, devices, sockets;
    bool shared_tmp = false;
};

struct EnvProfile {
    EnvInherit inherit = EnvInherit::Safe;
    std::vector<std::string> allow, deny;  // globs; deny wins
    std::vector<std::string> allow_secret; // exact names
    std::map<std::string, std::string> set;
    std::vector<std::string> path;
};

struct NetworkProfile {
    NetworkMode mode = NetworkMode::Policy;
    HoldStage hold = HoldStage::Head;
    Intercept intercept = Intercept::Needed;
    bool ask_private = false;
    UdpMode udp = UdpMode::Deny;
    ListenMode listen = ListenMode::Loopback;
    std::vector<std::uint16_t> ports;     // of publish mode: the same number on both sides
    std::vector<std::string> publish;     // "[HOST:]PORT[:PORT]", checked by parse_publish()
    std::vector<std::uint16_t> connect;   // of this machine's loopback, as host.osh.internal
    std::vector<std::string> hosts;       // "NAME:IP", checked by parse_added_host()
    std::vector<std::string> extra_ca;    // PEM files: trusted beside the host's bundle
    std::uint32_t new_labels = 20;        // per minute and zone that a pattern names
    std::uint32_t new_label_bytes = 1024; // in them, likewise
    std::vector<std::string> passthrough; // hosts, parse_listed_host(): their TLS stays closed
    std::vector<std::string> dns_types;   // "NAME TYPE…", checked by parse_dns_opening()
    bool uses_proxy = true;               // HTTPS_PROXY and its family, of the host's environment
};

struct ApprovalProfile {
    ApprovalMode mode = ApprovalMode::Ask;
    Duration timeout = 60s; // of a question; a flow is held at most 55 s of it
    ApprovalMode unattended = ApprovalMode::Deny;
    GrantScope max_scope = GrantScope::Session;
    bool widen_subdomain = false;
    Duration arm_delay = 700ms;
    Duration typing_guard = 400ms;
    std::vector<std::string> front_ends{"tray", "tui", "cli"};
    std::vector<std::string> notify{"desktop", "bell"};
    std::uint32_t waiting = 32, per_minute = 30, program_new_hosts = 10;
    CredentialConsent credentialed = CredentialConsent::Ask;
};

struct ResourceProfile { // absent: the default of the design
    std::optional<std::uint64_t> memory_bytes, swap_bytes, disk_bytes;
    std::optional<std::uint64_t> tmp_bytes, shm_bytes, home_bytes; // of the private file systems
    std::optional<std::uint32_t> cpus, cpu_weight, tasks, files;
    std::optional<Duration> wall_time, idle_time;
};

struct TtyProfile {
    bool relay = true;
    std::string leader = "C-]";
};

struct AuditProfile {
    JournalDetail journal = JournalDetail::Decisions;
    std::string paths = "keep"; // keep, hash, drop
    ReportKind report = ReportKind::Short;
};

struct AgentPreset { // [agent]
    std::string command;
    std::vector<std::string> args, aliases, binaries, state, config_files;
    bool inner_sandbox_off = true;
    std::string host_notes, guidance, version_check;
    // Filled on the host by launcher/supervise/agent_program from the "which:NAME" entries of
    // `binaries`: folders that must be visible (read-only, executable) for it to run. The planner
    // binds install_directories like filesystem.read and puts program_directories in front of PATH.
    std::vector<std::string> install_directories, program_directories;
};

struct CredentialSource {
    enum class Kind { Environment, File, Command, Unsupported } kind = Kind::Unsupported;
    std::string name;                 // variable or path
    std::string pointer;              // JSON pointer into a file or a command's answer
    bool first_line_only = false;     // pass(1) keeps notes below the password
    std::vector<std::string> command; // argument list, never a shell line
    std::optional<Duration> ttl, timeout;
    std::string text; // as written, for messages
};

struct CredentialAttach {
    enum class Kind {
        Bearer,
        Header,
        Basic,
        Query,
        Path,
        Git,
        Mtls, // a client certificate and its key, in PEM
        Unsupported
    } kind = Kind::Unsupported;
    std::string kind_text;
    std::string host; // exact
    std::uint16_t port = 443;
    std::string path = "/**";
    std::vector<std::string> methods; // empty: all
    std::string header;               // Kind::Header
    std::string value_template = "{value}";
    std::string user;  // Basic, Git
    std::string param; // Query
};

enum class AttachMode { Fill, ReplaceOnly, Force };

struct CredentialEnv {
    std::string name;
    std::string shape; // of the placeholder
};

struct Credential {
    std::string name;
    std::vector<CredentialSource> sources; // tried in order
    std::vector<CredentialAttach> attach;
    std::vector<std::string> programs; // empty: any
    std::vector<CredentialEnv> env;
    AttachMode mode = AttachMode::Fill;
    bool optional = false;
    bool plaintext = false;
    bool scrub_responses = true;
    std::uint32_t uses_per_minute = 120;
    std::string when;               // "", "source-present", "login-file-exists"
    std::string group;              // first matching `when` of a group wins
    bool from_agent_preset = false; // exempt from approvals.credentialed = "deny"
};

struct Profile {
    std::string name, description;
    std::vector<std::string> chain; // names of the files it was made of, base first
    PolicySection policy;
    FilesystemProfile filesystem;
    EnvProfile env;
    NetworkProfile network;
    ApprovalProfile approvals;
    ResourceProfile resources;
    TtyProfile tty;
    AuditProfile audit;
    ProjectOverlay overlay = ProjectOverlay::Narrow;
    std::vector<std::string> may_widen;
    std::optional<AgentPreset> agent;
    std::vector<Credential> credentials;
    bool nested_allow = false; // nested = "allow": an agent's own sandbox may start
    bool share_fuse = false;   // [unsafe]: /dev/fuse may be given
    bool debug = true;         // ptrace of own children
    std::vector<std::string>
        optional_layers; // layers whose absence is shown instead of refused: "landlock", …
    std::vector<std::string> unsafe_notes; // what weakens the session, in words, for the banner
};

} // namespace osh::policy
