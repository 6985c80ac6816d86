#pragma once
// How one path or one host of the settings is written in ours.

#include "policy/convert/import_settings.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osh::policy
{

enum class PathStyle {
    Sandbox, // "/x" is absolute
    Rule,    // of Read(…) and Edit(…): "//x" is absolute, "/x" lies in the project
};

struct PathOrigin {
    SettingsKind kind = SettingsKind::ClaudeCode;
    SettingsScope scope = SettingsScope::User;
    PathStyle style = PathStyle::Sandbox;
};

// "/etc/x", "~/x", "$PROJECT/x"; nothing for a path with ".." or an empty one.
std::optional<std::string> imported_path(std::string_view text, PathOrigin const& origin);
bool has_path_pattern(std::string_view path);
bool is_at_or_below_path(std::string_view path, std::string_view place); // "~/a/b", "~/a"

struct ImportedHost {
    std::string host; // as the policy writes it
    std::vector<std::uint16_t> ports;
    friend bool operator==(ImportedHost const&, ImportedHost const&) = default;
};

struct HostResult {
    std::optional<ImportedHost> host;
    std::string flaw; // why not
};

// "example.com", "*.example.com" (any depth), "host:8443", "[::1]:80".
HostResult imported_host(std::string_view text);

} // namespace osh::policy
