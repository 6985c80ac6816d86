#pragma once
// One file of an import: each key to its fate. Used by settings_collect.cc only.

#include "policy/convert/settings_collect.h"
#include "policy/convert/settings_keys.h"

namespace osh::policy
{

// What trusted files say that takes words from others.
struct SettingsLocks {
    bool strict_hosts = false;       // project and local files name no hosts
    bool managed_hosts_only = false; // nor does anybody but the managed settings
    bool managed_reads_only = false;
    bool projects_ignored = false; // no escape hatch by decree: project and local widen nothing
};

class SettingsWalk
{
public:
    SettingsWalk(SettingsDocument& source, ImportOptions const& options, SettingsLocks const& locks,
        CollectedSettings& out)
        : file_(*source.file), findings_(source.findings), options_(options), locks_(locks),
          out_(out)
    {
    }

    void run(Node const& root);

private:
    enum class Effect { Widens, Narrows };

    void group(Node const& node, std::string const& prefix);
    void key(Node::Entry const& entry, std::string const& path);
    void use(std::string_view path, Node const& value);
    void use_list(std::string_view path, Node const& list);
    void unknown(Node::Entry const& entry, std::string const& path, std::string const& prefix);
    void outside_the_block(Node const& root);
    void permissions(Node const& node);
    void permission(Node const& rule, std::string_view list);
    void variables(Node const& node);
    void credential_files(Node const& list);
    void credential_variables(Node const& list);

    bool may_take(Node const& value, Effect effect);
    void path(
        Node const& value, std::string_view text, PathStyle style, std::vector<PathEntry>& into);
    void host(Node const& value, std::string_view text, std::vector<HostEntry>& into);
    void lost(Span span, std::string message, std::string help = {});
    SettingsPlace place_of(Node const& node) { return {&findings_, node.span, file_.scope}; }

    SettingsFile const& file_;
    Findings& findings_;
    ImportOptions const& options_;
    SettingsLocks const& locks_;
    CollectedSettings& out_;
};

} // namespace osh::policy
