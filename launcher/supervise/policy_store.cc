// The half of the profile store that reads policies.

#include "launcher/supervise/store_files.h"
#include "launcher/sys/io.h"
#include "policy/base/text.h"

#include <algorithm>
#include <filesystem>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

namespace fs = std::filesystem;

Result<std::string> path_of_file(StorePlaces const& places, std::string const& name)
{
    std::string const path = absolute(places, name);
    if (is_file(path))
        return path;
    return fail(Errc::NotFound, fmt::format("no policy file {}", in_quotes(name)));
}

Result<std::string> policy_path(StorePlaces const& places, std::string const& name)
{
    if (name.find('/') != std::string::npos)
        return path_of_file(places, name);
    std::string const file = name.ends_with(".yaml") ? name : name + ".yaml";
    std::vector<std::string> looked, names;
    for (auto const& base : {places.config, places.packaged}) {
        std::string const folder = base + "/policies";
        if (!base.empty() && is_file(folder + "/" + file))
            return folder + "/" + file;
        looked.push_back(shown(folder));
        for (auto& found : names_in(folder, ".yaml"))
            names.push_back(std::move(found));
    }
    auto const nearest = nearest_word(name, {names.begin(), names.end()});
    return fail(Errc::NotFound,
        fmt::format("no policy {}.{} Looked in: {}. A policy elsewhere is "
                    "named by its file, with \".yaml\" or a \"/\".",
            in_quotes(name), nearest.empty() ? "" : fmt::format(" Did you mean \"{}\"?", nearest),
            join(looked)));
}

// Anything of that name counts: a broken link or a directory must not be taken for consent.
bool is_there(std::string const& path)
{
    std::error_code error;
    return fs::symlink_status(path, error).type() != fs::file_type::not_found;
}

Result<policy::PolicyLayer> read_layer(StorePlaces const& places, std::string const& path)
{
    LET(text, sys::read_file(path, kMaxPolicyBytes));
    return policy::PolicyLayer{shown_path(places, path), std::move(text), ""};
}

} // namespace

Result<policy::PolicyLayer> load_policy_file(
    StorePlaces const& places, std::string const& name_or_path)
{
    // What a profile names lies in the store; what a person writes with an ending is a file.
    bool const is_file_name = name_or_path.ends_with(".yaml") || name_or_path.ends_with(".yml");
    LET(path,
        is_file_name ? path_of_file(places, name_or_path) : policy_path(places, name_or_path));
    return read_layer(places, path);
}

std::string approved_policy_path(StorePlaces const& places, std::string const& profile_name)
{
    return places.config + "/policies/" + profile_name + ".approved.yaml";
}

Result<std::vector<policy::PolicyLayer>> load_policy_layers(
    StorePlaces const& places, policy::Profile const& profile)
{
    std::vector<policy::PolicyLayer> layers;
    if (profile.policy.file.empty() && profile.policy.add.empty())
        return layers;
    std::vector<std::string> names = profile.policy.add;
    if (!profile.policy.file.empty())
        names.insert(names.begin(), profile.policy.file);
    std::vector<std::string> read;
    for (auto const& name : names) {
        auto path = policy_path(places, name);
        // Remembered approvals need not exist yet.
        if (!path.ok() && name.ends_with(".approved.yaml"))
            continue;
        if (!path.ok())
            return std::unexpected(std::move(path).error());
        if (std::ranges::find(read, *path) != read.end())
            continue;
        LET(layer, read_layer(places, *path));
        layers.push_back(std::move(layer));
        read.push_back(*path);
    }
    std::string const approved = approved_policy_path(places, profile.name);
    if (!places.config.empty() && is_file(approved)
        && std::ranges::find(read, approved) == read.end()) {
        LET(layer, read_layer(places, approved));
        layer.rank = policy::LayerRank::User;
        layers.push_back(std::move(layer));
    }
    return layers;
}

Result<std::vector<policy::PolicyLayer>> load_narrowing_layers(
    StorePlaces const& places, policy::ProjectOverlay overlay, std::string const& project_root)
{
    std::vector<policy::PolicyLayer> layers;
    if (!project_root.empty() && overlay != policy::ProjectOverlay::Ignore)
        if (auto const path = project_root + "/" + kProjectPolicy; is_there(path)) {
            LET(layer, read_layer(places, path));
            layer.rank = policy::LayerRank::Project;
            layers.push_back(std::move(layer));
        }
    if (auto const path = places.machine + "/policy.yaml";
        !places.machine.empty() && is_there(path)) {
        LET(layer, read_layer(places, path));
        layer.rank = policy::LayerRank::Global;
        layers.push_back(std::move(layer));
    }
    return layers;
}

} // namespace osh::launcher
