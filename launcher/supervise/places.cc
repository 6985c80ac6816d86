#include "launcher/supervise/places.h"

#include "launcher/seccomp/programs.h"
#include "launcher/sys/folder.h"
#include "launcher/sys/io.h"
#include "launcher/sys/local_socket.h"
#include "policy/base/text.h"

#include <algorithm>
#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

namespace osh::launcher
{
namespace
{

constexpr int kTries = 16; // for a free session id: 24 random bits collide hardly once

std::string value_in(Environment const& environment, std::string const& name)
{
    auto const found = environment.find(name);
    return found == environment.end() ? std::string() : found->second;
}

Result<sys::Fd> runtime_folder(Environment const& environment)
{
    std::string const path = runtime_path(environment);
    auto const slash = path.rfind('/');
    std::string const parent = path.substr(0, slash);
    std::string const advice =
        "; sessions need a folder there for their control socket. Fix: set XDG_RUNTIME_DIR to a "
        "folder of yours with mode 0700";
    // $XDG_RUNTIME_DIR itself must be ours alone; /tmp and /run belong to the system.
    bool const is_own = value_in(environment, "XDG_RUNTIME_DIR").starts_with('/');
    auto above =
        is_own ? sys::open_private_folder(parent) : sys::open_path(parent, O_DIRECTORY | O_RDONLY);
    if (!above.ok())
        return fail(above.error().code, above.error().sentence + advice);
    auto folder = sys::open_or_make_private_folder(*above, path.substr(slash + 1));
    if (!folder.ok())
        return fail(folder.error().code,
            fmt::format("{} (in {}){}", folder.error().sentence, parent, advice));
    return folder;
}

// What sessions left whose every process was killed at once, the janitor too.
void sweep(sys::Fd const& parent, std::string const& path)
{
    auto const names = sys::names_in(path, sys::DotNames::List);
    if (!names.ok())
        return;
    for (auto const& name : *names)
        sys::remove_unlocked_folder(parent, name, kControlSocket);
}

void make_state_folder(Environment const& environment, SessionFolders& folders)
{
    std::string const path = state_path(environment);
    if (auto made = sys::make_folders(path); !made.ok()) {
        folders.state_problem = made.error().sentence;
        return;
    }
    auto parent = sys::open_path(path, O_DIRECTORY | O_RDONLY);
    if (!parent.ok()) {
        folders.state_problem = parent.error().sentence;
        return;
    }
    auto folder = sys::open_or_make_private_folder(*parent, folders.id);
    if (folder.ok())
        folders.state = *std::move(folder);
    else
        folders.state_problem = folder.error().sentence;
}

} // namespace

Environment environment_of_this_process()
{
    Environment environment;
    for (char** word = environ; word != nullptr && *word != nullptr; ++word) {
        std::string_view const text = *word;
        auto const equals = text.find('=');
        if (equals != std::string_view::npos)
            environment.emplace(text.substr(0, equals), text.substr(equals + 1));
    }
    return environment;
}

std::string runtime_path(Environment const& environment)
{
    std::string const base = value_in(environment, "XDG_RUNTIME_DIR");
    if (base.starts_with('/'))
        return base + "/osh";
    std::uint32_t const user = sys::user_id();
    return user == 0 ? "/run/osh" : fmt::format("/tmp/osh-{}", user);
}

std::string state_path(Environment const& environment)
{
    std::string const base = value_in(environment, "XDG_STATE_HOME");
    return (base.starts_with('/') ? base : value_in(environment, "HOME") + "/.local/state")
           + "/osh/sessions";
}

Result<SessionFolders> make_session_folders(Environment const& environment, std::string id)
{
    LET(parent, runtime_folder(environment));
    sweep(parent, runtime_path(environment));
    SessionFolders folders;
    for (int i = 0; i < kTries && !folders.runtime.is_open(); ++i) {
        folders.id = i == 0 ? std::move(id) : sys::random_hex(kSessionDigits);
        auto janitor =
            sys::Janitor::start({parent, folders.id, kControlSocket, supervisor_filter()});
        if (!janitor.ok())
            return fail_because("cannot start a session", std::move(janitor).error());
        folders.janitor = *std::move(janitor);
        auto made = sys::make_locked_folder(parent, folders.id);
        if (made.ok())
            folders.runtime = *std::move(made);
        else if (made.error().code != Errc::Busy)
            return fail_because("cannot make the session's folder in " + runtime_path(environment),
                std::move(made).error());
    }
    if (!folders.runtime.is_open())
        return fail(Errc::Busy, "no free session id in " + runtime_path(environment));
    make_state_folder(environment, folders);
    return folders;
}

std::vector<std::string> running_sessions(Environment const& environment)
{
    auto names = sys::names_in(runtime_path(environment));
    return names.ok() ? *std::move(names) : std::vector<std::string>{};
}

std::vector<std::string> kept_sessions(Environment const& environment)
{
    std::string const path = state_path(environment);
    auto names = sys::names_in(path);
    if (!names.ok())
        return {};
    std::vector<std::pair<std::int64_t, std::string>> aged;
    for (auto const& name : *names)
        aged.emplace_back(sys::changed_at(path + "/" + name), name);
    std::sort(aged.begin(), aged.end());
    std::vector<std::string> sorted;
    for (auto& [when, name] : aged)
        sorted.push_back(std::move(name));
    return sorted;
}

Result<std::string> find_session(std::vector<std::string> const& ids, std::string const& prefix)
{
    if (ids.empty())
        return fail(Errc::NotFound, "there is no session. `osh ps -a` lists them");
    if (prefix == "last")
        return ids.back();
    std::vector<std::string> fitting;
    for (auto const& id : ids)
        if (id == prefix)
            return id;
        else if (!prefix.empty() && id.starts_with(prefix))
            fitting.push_back(id);
    if (fitting.size() == 1)
        return fitting.front();
    if (fitting.empty())
        return fail(Errc::NotFound,
            fmt::format("no session {}. `osh ps -a` lists them", in_quotes(prefix)));
    std::string all;
    for (auto const& id : fitting)
        all += " " + shown(id);
    return fail(Errc::Invalid, fmt::format("{} fits several sessions:{}", in_quotes(prefix), all));
}

Result<sys::Fd> connect_to_session(Environment const& environment, std::string const& id)
{
    LET(folder, sys::open_private_folder(runtime_path(environment) + "/" + id));
    return sys::connect_in(folder, kControlSocket);
}

Result<sys::Fd> open_kept_session(Environment const& environment, std::string const& id)
{
    return sys::open_private_folder(state_path(environment) + "/" + id);
}

} // namespace osh::launcher
