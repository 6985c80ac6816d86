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
