#include "launcher/plan/probe_request.h"

#include "launcher/plan/system_tree.h"

namespace osh::launcher
{
namespace
{

void append(std::vector<std::string>& to, std::vector<std::string> const& from)
{
    to.insert(to.end(), from.begin(), from.end());
}

} // namespace

ProbeRequest probe_request(policy::Profile const& profile)
{
    ProbeRequest request;
    request.project_root = profile.filesystem.project_root;
    request.system_paths = system_paths_to_probe();
    append(request.paths, profile.filesystem.read);
    append(request.paths, profile.filesystem.write);
    append(request.grants, request.paths);
    append(request.paths, profile.filesystem.deny);
    if (profile.agent)
        append(request.paths, profile.agent->install_directories);
    request.project_paths = profile.filesystem.protect;
    request.masks = profile.filesystem.mask;
    request.sockets = profile.filesystem.sockets;
    return request;
}

std::string expand_path(std::string_view path, Places const& places)
{
    struct Word {
        std::string_view name;
        std::string const& place;
    };
    for (Word const& word : {Word{"~", places.home}, Word{"$HOME", places.home},
             Word{"$PROJECT", places.project}, Word{"$STATE", places.state}}) {
        std::string_view const rest =
            path.starts_with(word.name) ? path.substr(word.name.size()) : std::string_view("x");
        if (rest.empty() || rest.starts_with('/'))
            return word.place + std::string(rest);
    }
    return path.starts_with('/') ? std::string(path) : std::string();
}

std::string state_directory(std::string_view xdg_state_home, std::string_view home)
{
    std::string base = xdg_state_home.starts_with('/') ? std::string(xdg_state_home)
                                                       : std::string(home) + "/.local/state";
    return base + "/osh";
}

} // namespace osh::launcher
