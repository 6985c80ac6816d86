#pragma once
// Directories that tools fill from what is public: large, not opened as a project by an editor or
// an agent, and full of other people's `.npmrc`, `.vscode` and `.env.test` that packages ship.
// Names inside them are neither masked nor protected; moving one out of them is.

#include <algorithm>
#include <array>
#include <string_view>

namespace osh::launcher
{

inline constexpr std::array<std::string_view, 8> kToolDirectories{
    "node_modules", "target", ".venv", "venv", "__pycache__", ".tox", ".cache", ".cargo"};

inline bool is_tool_directory(std::string_view name)
{
    return std::find(kToolDirectories.begin(), kToolDirectories.end(), name)
           != kToolDirectories.end();
}

} // namespace osh::launcher
