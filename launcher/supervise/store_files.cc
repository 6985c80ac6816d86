#include "launcher/supervise/store_files.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace osh::launcher
{

namespace fs = std::filesystem;

bool is_file(std::string const& path)
{
    std::error_code error;
    return fs::is_regular_file(path, error);
}

std::string absolute(StorePlaces const& places, std::string const& file)
{
    if (file == "~" || file.starts_with("~/"))
        return places.home + file.substr(1);
    return file.starts_with("/") ? file : places.directory + "/" + file;
}

std::string shown_path(StorePlaces const& places, std::string const& path)
{
    if (path.starts_with(places.packaged + "/"))
        return path.substr(places.packaged.size() + 1);
    if (!places.home.empty() && path.starts_with(places.home + "/"))
        return "~" + path.substr(places.home.size());
    return path;
}

std::vector<std::string> names_in(std::string const& folder, std::string_view ending)
{
    std::vector<std::string> names;
    std::error_code error;
    for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
        std::string const name = it->path().filename().string();
        if (name.ends_with(ending) && name.size() > ending.size() && name[0] != '.'
            && names.size() < kMaxProfilesListed)
            names.push_back(name.substr(0, name.size() - ending.size()));
    }
    std::ranges::sort(names);
    return names;
}

std::string join(std::vector<std::string> const& words)
{
    std::string out;
    for (auto const& word : words)
        out += (out.empty() ? "" : ", ") + word;
    return out;
}

} // namespace osh::launcher
