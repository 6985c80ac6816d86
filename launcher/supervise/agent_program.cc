#include "launcher/supervise/agent_program.h"

#include "launcher/supervise/npm_package.h"
#include "launcher/sys/captured_command.h"
#include "policy/base/text.h"

#include <algorithm>
#include <filesystem>
#include <system_error>

namespace osh::launcher
{
namespace
{

namespace fs = std::filesystem;

constexpr std::string_view kWhich = "which:";
constexpr std::size_t kMaxParents = 64; // folders upwards that are looked at
// Always visible inside: no grant needed.
constexpr std::string_view kSystem[] = {"/usr", "/bin", "/sbin", "/lib", "/lib64"};
// git's transport programs are not in PATH.
constexpr std::string_view kHelpers[] = {"/usr/lib/git-core", "/usr/libexec/git-core"};

bool is_below(std::string const& path, std::string_view folder)
{
    return !folder.empty() && (path == folder || path.starts_with(std::string(folder) + "/"));
}

void add_once(std::vector<std::string>& list, std::string text)
{
    if (std::ranges::find(list, text) == list.end())
        list.push_back(std::move(text));
}

// Folders of project-local installations, nearest first: what npx(1) would look at.
std::vector<std::string> local_folders(std::string const& directory)
{
    std::vector<std::string> folders;
    fs::path at = directory;
    for (std::size_t i = 0; i < kMaxParents && at.is_absolute(); ++i) {
        folders.push_back((at / "node_modules/.bin").string());
        if (at == at.parent_path())
            break;
        at = at.parent_path();
    }
    return folders;
}

std::string real_path(std::string const& path)
{
    std::error_code error;
    auto const real = fs::canonical(path, error);
    return error ? std::string() : real.string();
}

// The outermost node_modules above the file: a package finds its neighbours there.
std::string install_directory(std::string const& file)
{
    fs::path found = fs::path(file).parent_path();
    for (fs::path at = found; at.has_relative_path(); at = at.parent_path())
        if (at.filename() == "node_modules")
            found = at;
    return found.string();
}

struct Named {
    std::string name, real;
};

class Resolver
{
public:
    Resolver(ProgramFinder const& finder) : finder_(finder)
    {
        folders_ = finder.search_path;
        for (auto const helper : kHelpers)
            folders_.emplace_back(helper);
    }

    std::string find(std::string const& name) const
    {
        auto const found = sys::find_program(name, folders_);
        return found.ok() ? *found : std::string();
    }

    // The agent itself may be installed in the project; PATH comes first, a typed path before it.
    std::string find_agent(std::string const& name) const
    {
        fs::path const typed = finder_.command;
        if (typed.has_parent_path() && typed.filename() == name)
            return (fs::path(finder_.working_directory) / typed).lexically_normal().string();
        if (auto found = find(name); !found.empty())
            return found;
        auto const local = sys::find_program(name, local_folders(finder_.working_directory));
        return local.ok() ? *local : std::string();
    }

    void show(std::string const& program, policy::AgentPreset& agent) const;

private:
    bool is_visible(std::string const& path) const;

    ProgramFinder const& finder_;
    std::vector<std::string> folders_;
};

bool Resolver::is_visible(std::string const& path) const
{
    return is_below(path, finder_.project_root)
           || std::ranges::any_of(kSystem, [&](auto folder) { return is_below(path, folder); });
}

void Resolver::show(std::string const& program, policy::AgentPreset& agent) const
{
    std::string const real = real_path(program);
    if (real.empty())
        return;
    std::string const named_in = fs::path(program).parent_path().string();
    std::string const installed_in = install_directory(real);
    add_once(agent.program_directories, named_in);
    for (auto const& folder : {named_in, installed_in})
        if (!is_visible(folder))
            add_once(agent.install_directories, folder);
}

// Of the programs that the person installed, and of the agent's own: a file that the agent wrote
// into the project under that name must not be meant.
std::vector<std::string> files_of(
    std::string const& name, Resolver const& resolver, std::vector<Named> const& agent_files)
{
    std::vector<std::string> files;
    if (auto real = real_path(resolver.find(name)); !real.empty())
        files.push_back(std::move(real));
    // npm's link has another name than the file it leads to ("claude.exe").
    for (auto const& file : agent_files)
        if (file.name == name || fs::path(file.real).filename() == name)
            add_once(files, file.real);
    if (files.empty())
        files.push_back("/nonexistent/" + name);
    return files;
}

} // namespace

ProgramFinder program_finder(
    std::map<std::string, std::string> const& environment, std::string const& command)
{
    ProgramFinder finder;
    std::error_code error;
    fs::path const here = fs::current_path(error);
    finder.command = command;
    finder.working_directory = finder.project_root = error ? "/" : here.string();
    auto const path = environment.find("PATH");
    if (path != environment.end())
        for (auto const folder : split(path->second, ':'))
            if (folder.starts_with("/"))
                finder.search_path.emplace_back(folder);
    fs::path at = here;
    for (std::size_t i = 0; i < kMaxParents && at.has_relative_path(); ++i, at = at.parent_path())
        if (fs::exists(at / ".git", error)) {
            finder.project_root = at.string();
            break;
        }
    return finder;
}

void resolve_programs(policy::Profile& profile, ProgramFinder const& finder)
{
    Resolver const resolver(finder);
    std::vector<Named> agent_files;
    if (profile.agent) {
        auto& agent = *profile.agent;
        for (auto const& binary : agent.binaries) {
            bool const is_looked_up = binary.starts_with(kWhich);
            std::string const name = is_looked_up ? binary.substr(kWhich.size()) : binary;
            auto const found = resolver.find_agent(name);
            if (found.empty())
                continue;
            resolver.show(found, agent);
            agent_files.push_back({name, real_path(found)});
            for (auto& program : platform_programs(real_path(found), name))
                agent_files.push_back({name, std::move(program)});
        }
    }
    for (auto& credential : profile.credentials) {
        std::vector<std::string> files;
        for (auto const& program : credential.programs) {
            if (program.starts_with("/"))
                add_once(files, program);
            else
                for (auto& file : files_of(program, resolver, agent_files))
                    add_once(files, std::move(file));
        }
        credential.programs = std::move(files);
    }
}

} // namespace osh::launcher
