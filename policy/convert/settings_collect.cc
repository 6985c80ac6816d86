#include "policy/convert/settings_collect.h"

#include "policy/convert/settings_walk.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

// "network.allowManagedDomainsOnly" below the block of Claude Code; null if absent.
Node const* in_block(Node const& root, std::string_view group, std::string_view key)
{
    Node const* const block = root.find("sandbox");
    Node const* const inner = block && !group.empty() ? block->find(group) : block;
    return inner ? inner->find(key) : nullptr;
}

bool says(Node const* node, bool value)
{
    return node && node->kind == NodeKind::Boolean && node->boolean == value;
}

SettingsLocks locks_of(std::deque<SettingsDocument> const& documents)
{
    SettingsLocks locks;
    for (auto const& one : documents) {
        Node const& root = one.document.root;
        bool const is_managed = one.file->scope == SettingsScope::Managed;
        bool const is_decree = is_managed || one.file->scope == SettingsScope::Flag;
        if (is_managed && says(in_block(root, "network", "allowManagedDomainsOnly"), true))
            locks.managed_hosts_only = locks.projects_ignored = true;
        if (is_managed && says(in_block(root, "filesystem", "allowManagedReadPathsOnly"), true))
            locks.managed_reads_only = true;
        if (is_decree && says(in_block(root, "", "allowUnsandboxedCommands"), false))
            locks.projects_ignored = true;
        if (is_trusted(one.file->scope) && says(in_block(root, "network", "strictAllowlist"), true))
            locks.strict_hosts = true;
    }
    return locks;
}

// What trusted files hide, a project file does not open again.
void drop_reopened(std::vector<PathEntry>& grants, std::vector<PathEntry> const& denied)
{
    std::erase_if(grants, [&](PathEntry const& grant) {
        if (is_trusted(grant.place.scope))
            return false;
        bool const is_hidden = std::ranges::any_of(denied, [&](PathEntry const& deny) {
            return is_trusted(deny.place.scope) && is_at_or_below_path(grant.path, deny.path);
        });
        if (is_hidden)
            grant.place.findings->warning(grant.place.span, "ignored",
                {"your own settings hide this; a project file does not open it again"});
        return is_hidden;
    });
}

void drop_too_wide(std::vector<PathEntry>& grants)
{
    std::erase_if(grants, [](PathEntry const& grant) {
        bool const is_wide = grant.path == "/" || grant.path == "~" || grant.path.empty();
        if (is_wide)
            grant.place.findings->warning(grant.place.span, "not-honoured",
                {"this is lost: a profile lends folders, not everything", "",
                    "name the folders that are needed"});
        return is_wide;
    });
}

void drop_own_temporary(std::vector<PathEntry>& grants)
{
    std::erase_if(grants, [](PathEntry const& grant) {
        bool const is_temporary = is_at_or_below_path(grant.path, "/tmp")
                                  || is_at_or_below_path(grant.path, "/private/tmp");
        if (is_temporary)
            grant.place.findings->note(
                grant.place.span, "nothing-to-do", {"the sandbox has a writable /tmp of its own"});
        return is_temporary;
    });
}

// A host that is denied anywhere is denied: its grants go.
void drop_denied(CollectedSettings& settings)
{
    std::erase_if(settings.allow, [&](HostEntry const& one) {
        return std::ranges::any_of(
            settings.deny, [&](HostEntry const& deny) { return deny.host.host == one.host.host; });
    });
}

bool is_whole_home(std::string_view path)
{
    bool const is_below = path.starts_with("/home/") && path.find('/', 6) == std::string_view::npos;
    return path == "~" || path == "/home" || is_below;
}

// Hiding the home is what a private home is; hiding it here too would hide the project in it.
void drop_home(std::vector<PathEntry>& denied)
{
    std::erase_if(denied, [](PathEntry const& deny) {
        if (is_whole_home(deny.path))
            deny.place.findings->note(deny.place.span, "nothing-to-do",
                {"the home is private: only what is named is visible in it"});
        return is_whole_home(deny.path);
    });
}

// Reads: the most specific path wins. Here a denial beats everything, so one that holds a grant is
// left away where nothing is visible anyway: in the home, of which only grants are shown.
void settle_reads(CollectedSettings& settings)
{
    auto const covers = [](PathEntry const& outer, PathEntry const& inner) {
        return is_at_or_below_path(inner.path, outer.path);
    };
    auto const grants = [&](auto const& test) {
        return std::ranges::any_of(settings.read, test)
               || std::ranges::any_of(settings.write, test);
    };
    std::erase_if(settings.deny_read, [&](PathEntry const& deny) {
        bool const holds_grant = grants(
            [&](PathEntry const& grant) { return covers(deny, grant) && grant.path != deny.path; });
        bool const is_inside_grant =
            grants([&](PathEntry const& grant) { return covers(grant, deny); });
        if (!holds_grant)
            return false;
        bool const is_home = deny.path.starts_with("~") || deny.path.starts_with("/home");
        if (is_home && !is_inside_grant)
            return true;
        deny.place.findings->warning(deny.place.span, "not-honoured",
            {"a grant below this is lost: in a profile what is hidden stays hidden", "",
                "hide its neighbours by name instead"});
        return false;
    });
}

} // namespace

CollectedSettings collect_settings(
    std::deque<SettingsDocument>& documents, ImportOptions const& options)
{
    CollectedSettings out;
    SettingsLocks const locks = locks_of(documents);
    for (auto& one : documents)
        SettingsWalk(one, options, locks, out).run(one.document.root);
    // sandbox-runtime writes nowhere that is not named, the working directory included.
    if (options.kind == SettingsKind::SandboxRuntime)
        out.project_writable = std::ranges::any_of(
            out.write, [](PathEntry const& entry) { return entry.path == "$PROJECT"; });
    if (std::ranges::any_of(
            out.deny_write, [](PathEntry const& entry) { return entry.path == "$PROJECT"; }))
        out.project_writable = false;
    drop_reopened(out.write, out.deny_read);
    drop_reopened(out.read, out.deny_read);
    drop_too_wide(out.write);
    drop_too_wide(out.read);
    drop_own_temporary(out.write);
    drop_denied(out);
    drop_home(out.deny_read);
    settle_reads(out);
    return out;
}

} // namespace osh::policy
