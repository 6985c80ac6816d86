#include "launcher/supervise/npm_package.h"

#include "launcher/sys/io.h"
#include "policy/messages/json.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace osh::launcher
{
namespace
{

namespace fs = std::filesystem;

constexpr std::size_t kMaxDescription = 256 * 1024; // bytes of a package.json
constexpr std::size_t kMaxPackages = 64;
constexpr std::size_t kMaxEntries = 4096;
constexpr int kMaxDepth = 8;
constexpr int kMaxParents = 8; // folders of a package above its program
constexpr std::string_view kFolder = "node_modules";

// The folder of the package a file belongs to: the nearest one upwards with a description.
fs::path package_of(fs::path const& file)
{
    std::error_code error;
    fs::path at = file.parent_path();
    if (std::ranges::find(file, fs::path(kFolder)) == file.end())
        return {}; // installed in another way
    for (int i = 0; i < kMaxParents && at.has_relative_path() && at.filename() != kFolder; ++i) {
        if (fs::is_regular_file(at / "package.json", error))
            return at;
        at = at.parent_path();
    }
    return {};
}

// "name" or "@scope/name" and nothing that leads elsewhere.
bool is_package_name(std::string_view name)
{
    auto const rest =
        name.starts_with('@') ? name.substr(std::min(name.find('/'), name.size())) : name;
    auto const base = rest.starts_with('/') ? rest.substr(1) : rest;
    return !base.empty() && base.find('/') == base.npos && !base.starts_with('.')
           && name.find("..") == name.npos;
}

std::vector<std::string> optional_packages(fs::path const& package)
{
    std::vector<std::string> names;
    auto const text = sys::read_file((package / "package.json").string(), kMaxDescription);
    if (!text)
        return names;
    auto const described = policy::json::parse(*text, kMaxDescription);
    auto const* optional = described ? described->find("optionalDependencies") : nullptr;
    if (optional == nullptr || optional->object() == nullptr)
        return names;
    for (auto const& member : *optional->object())
        if (is_package_name(member.key) && names.size() < kMaxPackages)
            names.push_back(member.key);
    return names;
}

bool is_executable(fs::directory_entry const& entry)
{
    std::error_code error;
    auto const status = entry.symlink_status(error);
    return !error && fs::is_regular_file(status)
           && (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
}

void find_below(fs::path const& folder, std::string const& name, std::vector<std::string>& found)
{
    std::error_code error;
    fs::recursive_directory_iterator at(
        folder, fs::directory_options::skip_permission_denied, error);
    fs::recursive_directory_iterator const end;
    for (std::size_t i = 0; !error && at != end && i < kMaxEntries; ++i, at.increment(error)) {
        if (at.depth() >= kMaxDepth)
            at.disable_recursion_pending();
        if (at->path().filename() == name && is_executable(*at))
            found.push_back(at->path().string());
    }
}

} // namespace

std::vector<std::string> platform_programs(std::string const& file, std::string const& name)
{
    std::vector<std::string> found;
    auto const package = package_of(file);
    if (package.empty())
        return found;
    fs::path above = package.parent_path();
    if (above.filename() != kFolder && above.filename().string().starts_with('@'))
        above = above.parent_path();
    for (auto const& dependency : optional_packages(package))
        for (auto const& folder : {package / kFolder, above}) {
            std::error_code error;
            auto const real = fs::canonical(folder / dependency, error);
            if (!error)
                find_below(real, name, found);
        }
    return found;
}

} // namespace osh::launcher
