#include "launcher/supervise/profile_store.h"

#include "launcher/supervise/store_files.h"
#include "launcher/sys/io.h"
#include "policy/base/text.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fmt/core.h>
#include <system_error>
#include <unistd.h>

extern char** environ;

namespace osh::launcher
{
namespace
{

namespace fs = std::filesystem;

struct Folder {
    std::string path;
    StoredKind kind;
};

std::vector<Folder> profile_folders(StorePlaces const& places)
{
    std::vector<Folder> folders;
    if (!places.config.empty())
        folders.push_back({places.config + "/profiles", StoredKind::User});
    folders.push_back({places.packaged + "/profiles", StoredKind::Packaged});
    folders.push_back({places.packaged + "/agents", StoredKind::Agent});
    return folders;
}

bool is_file_name(std::string_view text)
{
    return text.find('/') != std::string_view::npos || text.ends_with(".toml");
}

// Row 9 of the design's errors at start.
std::unexpected<Error> no_profile(StorePlaces const& places, std::string const& name)
{
    std::vector<std::string> names, looked;
    for (auto const& folder : profile_folders(places)) {
        looked.push_back(shown(folder.path));
        for (auto& found : names_in(folder.path, ".toml"))
            names.push_back(std::move(found));
    }
    auto const nearest = nearest_word(name, {names.begin(), names.end()});
    return fail(Errc::NotFound,
        fmt::format("no profile {}.{} Looked in: {}. `osh profile list` shows all.",
            in_quotes(name), nearest.empty() ? "" : fmt::format(" Did you mean \"{}\"?", nearest),
            join(looked)));
}

policy::ProfileOrigin origin_of(StoredKind kind)
{
    switch (kind) {
    case StoredKind::User: return policy::ProfileOrigin::User;
    case StoredKind::Packaged: return policy::ProfileOrigin::Packaged;
    case StoredKind::Agent: return policy::ProfileOrigin::Agent;
    }
    return policy::ProfileOrigin::User;
}

StoredKind kind_of(StorePlaces const& places, std::string const& path)
{
    for (auto const& folder : profile_folders(places))
        if (fs::path(path).parent_path() == folder.path)
            return folder.kind;
    return StoredKind::User;
}

Result<policy::ProfileText> read_profile(StorePlaces const& places, std::string const& path)
{
    LET(text, sys::read_file(path, kMaxProfileBytes));
    policy::ProfileText profile;
    profile.name = fs::path(path).stem().string();
    profile.directory = fs::path(path).parent_path().string();
    profile.shown = shown_path(places, path);
    profile.text = std::move(text);
    profile.origin = origin_of(kind_of(places, path));
    return profile;
}

// Everything that the requested files may reach by `extends`, and the packaged file behind each
// user file of the same name, so that the compiler sees the shadowing.
class ShelfFiller
{
public:
    explicit ShelfFiller(StorePlaces const& places) : places_(places) {}

    Result<> add_extended(policy::ProfileText const& from)
    {
        for (auto const& name : policy::names_extended_by(from))
            TRY(add_name(name));
        return {};
    }

    Result<> add_name(std::string const& name)
    {
        if (std::ranges::find(names_, name) != names_.end() || names_.size() >= policy::kMaxChain)
            return {};
        names_.push_back(name);
        for (auto const& folder : profile_folders(places_)) {
            std::string const path = folder.path + "/" + name + ".toml";
            if (name.find('/') != std::string::npos || !is_file(path))
                continue;
            LET(text, read_profile(places_, path));
            files_.push_back(path);
            shelf_.push_back(text);
            TRY(add_extended(text));
        }
        return {};
    }

    policy::ProfileShelf const& shelf() const { return shelf_; }
    std::vector<std::string> const& files() const { return files_; }

private:
    StorePlaces const& places_;
    policy::ProfileShelf shelf_;
    std::vector<std::string> names_, files_;
};

std::vector<std::string> all_names(StorePlaces const& places)
{
    std::vector<std::string> names;
    for (auto const& folder : profile_folders(places))
        for (auto& name : names_in(folder.path, ".toml"))
            names.push_back(std::move(name));
    return names;
}

StoredProfile describe_file(std::string const& path, std::string const& name, StoredKind kind)
{
    StoredProfile stored{name, path, "", kind, false};
    auto const text = sys::read_file(path, kMaxProfileBytes);
    if (!text.ok()) {
        stored.description = text.error().sentence;
        return stored;
    }
    auto const document = policy::read_toml(path, *text);
    for (auto const& entry : document.root.entries) {
        if (entry.key == "description")
            stored.description = shown(entry.value.scalar);
        if (entry.key == "abstract")
            stored.is_abstract = entry.value.boolean;
    }
    if (has_errors(document.diagnostics))
        stored.description = "cannot be read: `osh profile check` says why";
    return stored;
}

// Whether any string of a TOML text can be this word: it is written out in quotes, unless there are
// escapes or strings of several lines.
bool can_say(std::string_view toml, std::string const& word)
{
    for (std::string const& sign : {'"' + word + '"', '\'' + word + '\'', std::string("\\"),
             std::string("\"\"\""), std::string("'''")})
        if (toml.find(sign) != std::string_view::npos)
            return true;
    return false;
}

std::string base_name(std::string const& command)
{
    return fs::path(command).filename().string();
}

bool says(policy::Node const& node, std::string const& word)
{
    return node.scalar == word || std::ranges::any_of(node.items, [&](auto const& item) {
        return item.scalar == word;
    });
}

} // namespace

StorePlaces store_places(std::map<std::string, std::string> const& environment,
    std::string const& executable_directory, std::string const& working_directory)
{
    auto const variable = [&](char const* name) {
        auto const found = environment.find(name);
        return found == environment.end() ? std::string() : found->second;
    };
    StorePlaces places;
    places.home = variable("HOME");
    places.directory = working_directory;
    places.machine = "/etc/osh";
    places.packaged = (fs::path(executable_directory) / "../share/osh").lexically_normal().string();
    // XDG Base Directory Specification: a relative path is to be ignored.
    std::string const config = variable("XDG_CONFIG_HOME");
    if (config.starts_with("/"))
        places.config = config + "/osh";
    else if (places.home.starts_with("/"))
        places.config = places.home + "/.config/osh";
    return places;
}

Result<StorePlaces> find_store_places()
{
    std::error_code error;
    fs::path const executable = fs::read_symlink("/proc/self/exe", error);
    if (error)
        return fail_errno(error.value(), "cannot read /proc/self/exe");
    fs::path const directory = fs::current_path(error);
    std::map<std::string, std::string> environment;
    for (char const* name : {"HOME", "XDG_CONFIG_HOME"})
        if (char const* value = std::getenv(name))
            environment[name] = value;
    return store_places(environment, executable.parent_path().string(),
        error ? std::string("/") : directory.string());
}

std::vector<StoredProfile> list_profiles(StorePlaces const& places)
{
    std::vector<StoredProfile> all;
    for (auto const& folder : profile_folders(places))
        for (auto const& name : names_in(folder.path, ".toml"))
            all.push_back(describe_file(folder.path + "/" + name + ".toml", name, folder.kind));
    return all;
}

Result<std::string> profile_path(StorePlaces const& places, std::string const& name_or_file)
{
    if (is_file_name(name_or_file)) {
        std::string const path = absolute(places, name_or_file);
        if (is_file(path))
            return path;
        return fail(Errc::NotFound, fmt::format("no profile file {}", in_quotes(name_or_file)));
    }
    for (auto const& folder : profile_folders(places)) {
        std::string const path = folder.path + "/" + name_or_file + ".toml";
        if (is_file(path))
            return path;
    }
    return no_profile(places, name_or_file);
}

Result<LoadedProfile> load_profile(
    StorePlaces const& places, std::vector<std::string> const& names_or_files)
{
    std::vector<std::string> wanted = names_or_files;
    if (wanted.empty())
        wanted.push_back("strict");
    LoadedProfile loaded;
    ShelfFiller shelf(places);
    std::vector<policy::ProfileText> requested;
    for (auto const& name : wanted) {
        LET(path, profile_path(places, name));
        LET(text, read_profile(places, path));
        loaded.files.push_back(path);
        if (!is_file_name(name))
            TRY(shelf.add_name(name));
        TRY(shelf.add_extended(text));
        requested.push_back(std::move(text));
    }
    auto compiled = policy::compile_profile(requested, shelf.shelf(), all_names(places));
    loaded.profile = std::move(compiled.profile);
    if (loaded.profile)
        for (auto& [name, value] : loaded.profile->env.set)
            if (value == "~" || value.starts_with("~/"))
                value = places.home + value.substr(1);
    for (auto& found : compiled.diagnostics) {
        auto& list = found.severity == Severity::Note ? loaded.notes : loaded.diagnostics;
        list.push_back(std::move(found));
    }
    for (auto const& file : shelf.files())
        if (std::ranges::find(loaded.files, file) == loaded.files.end())
            loaded.files.push_back(file);
    return loaded;
}

std::string preset_for_command(StorePlaces const& places, std::string const& command)
{
    std::string const wanted = base_name(command);
    for (auto const& name : names_in(places.packaged + "/agents", ".toml")) {
        std::string const path = places.packaged + "/agents/" + name + ".toml";
        auto const text = sys::read_file(path, kMaxProfileBytes);
        if (wanted.empty() || !text.ok() || !can_say(*text, wanted))
            continue;
        auto const document = policy::read_toml(path, *text);
        for (auto const& entry : document.root.entries)
            for (auto const& inner : entry.value.entries)
                if (entry.key == "agent" && (inner.key == "command" || inner.key == "aliases")
                    && says(inner.value, wanted))
                    return name;
    }
    return "";
}

} // namespace osh::launcher
