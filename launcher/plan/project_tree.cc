// Home, grants, project: in this order, so that the project shows through a granted parent and its
// masks lie on top of everything.

#include "launcher/plan/project_tree.h"

#include "launcher/plan/glob.h"
#include "launcher/plan/probe_request.h"
#include "launcher/plan/system_tree.h"
#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>
#include <set>

namespace osh::launcher
{
namespace
{

using Access = LandlockRule::Access;

constexpr std::uint64_t kHomeInodes = 200'000;
constexpr std::uint64_t kHomeMost = std::uint64_t{8} * 1024 * 1024 * 1024;

Places places_of(HostFacts const& facts)
{
    auto const xdg = facts.environment.find("XDG_STATE_HOME");
    std::string const state_home = xdg == facts.environment.end() ? "" : xdg->second;
    return {facts.home, facts.project_root, state_directory(state_home, facts.home)};
}

enum class Existence { Missing, File, Directory };

Existence existence(HostFacts const& facts, std::string const& path)
{
    auto const& known = facts.existing_paths;
    if (std::find(known.begin(), known.end(), path) != known.end())
        return Existence::File;
    if (std::find(known.begin(), known.end(), path + "/") != known.end())
        return Existence::Directory;
    return Existence::Missing;
}

bool is_denied(std::string const& path, policy::Profile const& profile, Places const& places)
{
    for (auto const& entry : profile.filesystem.deny) {
        std::string const pattern = expand_path(entry, places);
        if (pattern.empty())
            continue;
        if (matches_glob(pattern, path) || is_at_or_below(path, pattern))
            return true;
    }
    return false;
}

bool is_listed(std::string const& path, std::vector<std::string> const& list)
{
    return std::any_of(list.begin(), list.end(),
        [&](std::string const& entry) { return is_at_or_below(path, entry); });
}

// A file that looks like one by its name: "~/.claude.json" is kept as a file, "~/.claude" as a
// directory.
bool names_a_file(std::string_view path)
{
    std::string_view const name = path.substr(path.rfind('/') + 1);
    return name.find('.', 1) != std::string_view::npos;
}

void add_persisted(Plan& plan, HostFacts const& facts, policy::Profile const& profile)
{
    Places const places = places_of(facts);
    std::vector<std::string> entries = profile.filesystem.persist;
    if (profile.agent)
        entries.insert(entries.end(), profile.agent->state.begin(), profile.agent->state.end());
    std::set<std::string> seen;
    for (auto const& entry : entries) {
        std::string const target = expand_path(entry, places);
        if (target.empty() || !seen.insert(target).second || !is_at_or_below(target, facts.home))
            continue;
        std::string const kept = fmt::format(
            "{}/homes/{}{}", places.state, plan.profile_name, target.substr(facts.home.size()));
        plan.state.push_back({kept, names_a_file(target)});
        plan.guard.kept.push_back(target);
        plan.mounts.push_back(bind_step(kept, target, Write::Yes));
        plan.landlock.push_back({target, Access::ReadWriteExecute});
    }
}

struct Grant {
    std::string path;
    Write write = Write::No;
};

void add_grant(Planned& planned, HostFacts const& facts, Grant const& grant)
{
    if (existence(facts, grant.path) == Existence::Missing)
        return; // missing optional paths are skipped
    Plan& plan = planned.plan;
    MountStep step = bind_step(grant.path, grant.path, grant.write);
    step.optional = true;
    plan.mounts.push_back(step);
    if (grant.write == Write::Yes)
        plan.guard.roots.push_back(grant.path);
    plan.landlock.push_back(
        {grant.path, grant.write == Write::Yes ? Access::ReadWriteExecute : Access::ReadExecute});
}

// Secrets inside a granted directory are covered.
void add_denied_below(Plan& plan, HostFacts const& facts, policy::Profile const& profile)
{
    Places const places = places_of(facts);
    for (auto const& entry : profile.filesystem.deny) {
        std::string const path = expand_path(entry, places);
        bool const is_inside =
            std::any_of(plan.mounts.begin(), plan.mounts.end(), [&](MountStep const& step) {
                return step.kind == MountKind::Bind && is_at_or_below(path, step.target);
            });
        Existence const found = existence(facts, path);
        if (path.empty() || !is_inside || found == Existence::Missing)
            continue;
        MountStep mask;
        mask.kind = found == Existence::Directory ? MountKind::MaskDirectory : MountKind::MaskFile;
        mask.target = path;
        plan.mounts.push_back(mask);
    }
}

// git(1) and others would run what stands there later, outside. The entry itself becomes a
// read-only mount; the directories between it and the project become mounts too, because a mount
// point cannot be renamed away, but its parent could.
void add_protected(Plan& plan, HostFacts const& facts, policy::Profile const& profile)
{
    std::set<std::string> pinned, guarded;
    // git writes its configuration anew by a rename, which a mount would stop: the broker of
    // name-creating calls checks each.
    auto const is_brokered = [](std::string_view entry) {
        return entry == ".git/config" || entry == ".git/config.worktree";
    };
    std::vector<std::string> entries = profile.filesystem.protect;
    entries.insert(entries.end(), facts.hooks_paths.begin(), facts.hooks_paths.end());
    for (auto const& entry : entries) {
        std::string const path = plan.project + "/" + entry;
        if (entry == "." || existence(facts, path) == Existence::Missing)
            continue;
        for (std::size_t slash = path.find('/', plan.project.size() + 1);
             slash != std::string::npos; slash = path.find('/', slash + 1))
            pinned.insert(path.substr(0, slash));
        if (!is_brokered(entry))
            guarded.insert(path);
    }
    // Their parents may be renamed: the mounts go with them.
    for (auto const& entry : facts.nested_protected)
        guarded.insert(plan.project + "/" + entry);
    auto const add_self = [&](std::string const& path, Write write) {
        MountStep step;
        step.kind = MountKind::Self;
        step.target = path;
        step.read_only = write == Write::No;
        plan.mounts.push_back(step);
    };
    for (auto const& path : pinned) // a set: parents come before what is below them
        if (!guarded.contains(path))
            add_self(path, Write::Yes);
    for (auto const& path : guarded)
        add_self(path, Write::No);
}

void add_masks(Plan& plan, HostFacts const& facts)
{
    for (auto const& path : facts.masked_paths) {
        MountStep mask;
        bool const is_directory = path.ends_with('/');
        mask.kind = is_directory ? MountKind::MaskDirectory : MountKind::MaskFile;
        mask.target = is_directory ? path.substr(0, path.size() - 1) : path;
        plan.mounts.push_back(mask);
    }
    if (facts.mask_walk_ended_early)
        plan.notes.push_back(fmt::format("the project has more than {} entries: masked names "
                                         "deeper inside were not looked for",
            kMaxMaskWalk));
}

} // namespace

bool is_at_or_below(std::string_view path, std::string_view directory)
{
    while (directory.size() > 1 && directory.ends_with('/'))
        directory.remove_suffix(1);
    if (directory == "/")
        return path.starts_with('/');
    return path == directory
           || (path.starts_with(directory) && path.substr(directory.size()).starts_with('/'));
}

void add_home(Plan& plan, HostFacts const& facts, policy::Profile const& profile)
{
    if (profile.filesystem.home == policy::HomeKind::None)
        return;
    MountStep home = tmpfs_step(facts.home,
        profile.resources.home_bytes.value_or(std::min(facts.memory_bytes / 4, kHomeMost)),
        kHomeInodes);
    home.mode = 0700;
    plan.mounts.push_back(home);
    plan.landlock.push_back({facts.home, Access::ReadWriteExecute});
    add_persisted(plan, facts, profile);
}

void add_grants(Planned& planned, HostFacts const& facts, policy::Profile const& profile,
    policy::FilesystemSection const& ceiling)
{
    Places const places = places_of(facts);
    std::vector<Grant> grants;
    for (auto const& entry : profile.filesystem.read)
        grants.push_back({expand_path(entry, places), Write::No});
    if (profile.agent)
        for (auto const& entry : profile.agent->install_directories)
            grants.push_back({entry, Write::No});
    for (auto const& entry : profile.filesystem.write)
        grants.push_back({expand_path(entry, places), Write::Yes});
    for (auto& grant : grants) {
        if (grant.path.empty() || is_denied(grant.path, profile, places))
            continue;
        bool const may_write = !ceiling.is_present || is_listed(grant.path, ceiling.read_write);
        if (grant.write == Write::Yes && !may_write)
            grant.write = Write::No;
        if (!may_write && !is_listed(grant.path, ceiling.read_only)) {
            planned.plan.notes.push_back(fmt::format("{} is granted by the profile but not by the "
                                                     "policy's filesystem section: not shown",
                shown(grant.path)));
            continue;
        }
        add_grant(planned, facts, grant);
    }
}

void add_project(Planned& planned, HostFacts const& facts, policy::Profile const& profile,
    policy::FilesystemSection const& ceiling)
{
    Plan& plan = planned.plan;
    auto const access = profile.filesystem.project;
    if (access == policy::ProjectAccess::None)
        return;
    bool is_writable = access != policy::ProjectAccess::ReadOnly;
    if (ceiling.is_present && !ceiling.include_workdir)
        is_writable = is_writable && is_listed(plan.project, ceiling.read_write);
    bool const goes_aside = is_writable && access == policy::ProjectAccess::Overlay;
    MountStep project = bind_step(plan.project, plan.project, is_writable ? Write::Yes : Write::No);
    if (goes_aside && is_at_or_below(places_of(facts).state, plan.project))
        planned.errors.push_back({Errc::Invalid, 0,
            fmt::format("the project {} holds osh's own state {}, where its changes would be "
                        "kept.\nfix: start in a folder below it, or set XDG_STATE_HOME to a folder "
                        "outside the project.\nhelp: man 1 osh-changes (overlay)",
                in_quotes(plan.project), in_quotes(places_of(facts).state))});
    if (goes_aside) {
        project.kind = MountKind::Overlay;
        plan.changes = places_of(facts).state + "/changes";
    }
    plan.mounts.push_back(project);
    plan.landlock.push_back(
        {plan.project, is_writable ? Access::ReadWriteExecute : Access::ReadExecute, false});
    if (is_writable)
        add_protected(plan, facts, profile);
    // Names in an overlay reach nobody outside until `osh changes apply`, which judges them.
    if (is_writable && !goes_aside)
        plan.guard.roots.push_back(plan.project);
    add_denied_below(plan, facts, profile);
    add_masks(plan, facts);
}

} // namespace osh::launcher
