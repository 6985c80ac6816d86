#pragma once
// The person's part of the file tree: the project with its protected and masked places, the private
// home, and the paths that the profile grants. (The rest: system_tree.)

#include "launcher/plan/plan.h"

namespace osh::launcher
{

void add_home(Plan& plan, HostFacts const& facts, policy::Profile const& profile);
void add_grants(Planned& planned, HostFacts const& facts, policy::Profile const& profile,
    policy::FilesystemSection const& ceiling);
void add_project(Planned& planned, HostFacts const& facts, policy::Profile const& profile,
    policy::FilesystemSection const& ceiling);

bool is_at_or_below(std::string_view path, std::string_view directory);

} // namespace osh::launcher
