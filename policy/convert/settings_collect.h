#pragma once
// All files of an import read into one value: what is granted, what is taken away, by whom. What
// cannot be taken is reported here, at its place.

#include "policy/compile/findings.h"
#include "policy/convert/settings_values.h"
#include "policy/document/node.h"

#include <deque>
#include <string>
#include <utility>
#include <vector>

namespace osh::policy
{

struct SettingsPlace {
    Findings* findings = nullptr;
    Span span;
    SettingsScope scope = SettingsScope::User;
};

struct PathEntry {
    std::string path;
    SettingsPlace place;
};

struct HostEntry {
    ImportedHost host;
    SettingsPlace place;
};

struct MaskedVariable {
    std::string name;
    std::vector<std::string> hosts; // where the proxy may put the value; empty: every allowed host
    SettingsPlace place;
};

struct CollectedSettings {
    std::vector<PathEntry> read, write, deny_read, deny_write;
    std::vector<HostEntry> allow, deny;
    std::vector<std::string> env_deny;
    std::vector<std::pair<std::string, std::string>> env_set;
    std::vector<MaskedVariable> masked;
    bool asks_unknown_hosts = true;
    bool nested_sandbox = false;
    bool project_writable = true;
};

struct SettingsDocument {
    SettingsFile const* file = nullptr;
    Document document;
    Findings findings;
};

CollectedSettings collect_settings(
    std::deque<SettingsDocument>& documents, ImportOptions const& options);

// settings_emit.cc
std::string settings_policy(CollectedSettings const& settings, std::string const& origin);
std::string settings_profile(
    CollectedSettings const& settings, ImportOptions const& options, std::string const& origin);

} // namespace osh::policy
