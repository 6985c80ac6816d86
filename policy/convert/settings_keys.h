#pragma once
// The keys of the settings, who may set them and what becomes of them: one table.

#include "policy/convert/import_settings.h"

#include <optional>
#include <string_view>
#include <vector>

namespace osh::policy
{

enum class Fate {
    Use,   // settings_collect.cc turns it into ours
    Same,  // osh does so anyway, or it has no meaning on Linux: a note
    Lost,  // cannot be honoured: a warning, if it is on
    Entry, // cannot be honoured, each entry of the list on its own
    Group, // a map of further keys
};
enum class Setter { Any, Trusted, Managed }; // Trusted: user, flag, managed
enum class Product { Both, ClaudeCode, SandboxRuntime };

struct SettingsKey {
    std::string_view path; // "network.allowedDomains"
    Fate fate;
    Setter setter;
    Product product;
    std::string_view reason; // why not, or why it needs no doing
    std::string_view help;
};

SettingsKey const* find_settings_key(std::string_view path, SettingsKind kind);
std::vector<std::string_view> settings_keys_below(std::string_view group, SettingsKind kind);
// "allowedHosts" is what people write for "allowedDomains"; "" if the name is no known mistake.
std::string_view meant_settings_key(std::string_view path);
bool may_set(SettingsScope scope, Setter setter);
bool is_trusted(SettingsScope scope);

} // namespace osh::policy
