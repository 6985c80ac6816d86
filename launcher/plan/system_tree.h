#pragma once
// The part of the sandbox's file tree that every profile has: system directories, /etc, /proc,
// /dev, /run (security design H4 and H5). Data and what follows from it; the project and the home
// are in project_tree.

#include "launcher/plan/plan.h"

#include <string_view>
#include <vector>

namespace osh::launcher
{

std::vector<std::string> system_paths_to_probe();

inline constexpr std::string_view kTrustFile = "/run/osh/ca-bundle.pem";
// The session's certificate alone, for what adds it to roots of its own.
inline constexpr std::string_view kSessionCaFile = "/run/osh/ca.pem";
// The host's anchors by subject hash (launcher/apply/trust_store); the hashed directory links
// there.
inline constexpr std::string_view kAnchorDirectory = "/run/osh/anchors";
inline constexpr std::string_view kHashedDirectory = "/etc/ssl/certs";
inline constexpr std::string_view kKeyStorePart = "java-cacerts.part"; // in the anchor directory
inline constexpr std::string_view kJavaTrustFile = "/run/osh/java-cacerts";

// Own stores of Java installations are covered at last, when all that may hold one is mounted.
void add_java_trust(Plan& plan, HostFacts const& facts);

// In a home that is this session's alone and not tiny, where neither a grant nor kept state stands
// at ~/.pki.
void add_nss_database(Plan& plan, std::string const& home);

// Appends mounts and Landlock rules.
void add_system_tree(Plan& plan, HostFacts const& facts, policy::Profile const& profile);
// /proc and /dev; /run with the person's empty runtime directory.
void add_kernel_tree(Plan& plan, HostFacts const& facts, policy::Profile const& profile);

// Small builders, used by project_tree too.
MountStep directory_step(std::string target, std::uint32_t mode = 0755);
MountStep symlink_step(std::string target, std::string text);
MountStep file_step(std::string target, std::string content, std::uint32_t mode = 0444);
MountStep tmpfs_step(std::string target, std::uint64_t bytes, std::uint64_t inodes);
enum class Write : bool { No, Yes };
MountStep bind_step(std::string source, std::string target, Write write);

} // namespace osh::launcher
