// Files of the host: reading what is hidden, writing what is protected, through every door.

#include "launcher/attack/attempt.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace osh::attack
{
namespace
{

Tried read_secret(Targets const& targets, std::string const& name)
{
    std::string const path = target(targets, name);
    if (path.empty())
        return {};
    int error = 0;
    std::string const text = read_whole(path, error);
    return error != 0 ? refused_by(error) : found_in(text, target(targets, "nonce"));
}

Tried read_home(Targets const& t)
{
    return read_secret(t, "home-file");
}
Tried read_tmp(Targets const& t)
{
    return read_secret(t, "tmp-file");
}
Tried read_shm(Targets const& t)
{
    return read_secret(t, "shm-file");
}
Tried read_env_file(Targets const& t)
{
    return read_secret(t, "env-file");
}
Tried read_secrets_folder(Targets const& t)
{
    return read_secret(t, "secrets-file");
}

// Well-known places, whatever lies there: opening one is enough.
Tried read_well_known(Targets const& targets)
{
    std::string const home = target(targets, "home");
    for (char const* name : {"/.ssh/id_ed25519", "/.ssh/id_rsa", "/.aws/credentials", "/.netrc",
             "/.git-credentials", "/.docker/config.json", "/.gnupg/private-keys-v1.d",
             "/.config/gh/hosts.yml", "/.kube/config", "/.bash_history"}) {
        int const file = ::open((home + name).c_str(), O_RDONLY | O_CLOEXEC);
        if (file < 0)
            continue;
        ::close(file);
        return worked(std::string("~") + name + " opens");
    }
    return {Outcome::Refused, "none opens"};
}

// Through a descriptor, a link and a magic link.
Tried read_by_link(Targets const& targets)
{
    std::string const link = target(targets, "project") + "/osh-attack-link";
    ::unlink(link.c_str());
    if (::symlink(target(targets, "home-file").c_str(), link.c_str()) != 0)
        return {};
    int error = 0;
    std::string const text = read_whole(link, error);
    ::unlink(link.c_str());
    return error != 0 ? refused_by(error) : found_in(text, target(targets, "nonce"));
}

struct Handle {
    file_handle head;
    std::array<unsigned char, 128> bytes;
};

// open_by_handle_at(2): past every directory. Outside this needs root, so it proves nothing there.
Tried read_by_handle(Targets const& targets)
{
    Handle handle{};
    handle.head.handle_bytes = sizeof handle.bytes;
    int mount = 0;
    if (::name_to_handle_at(AT_FDCWD, target(targets, "project").c_str(), &handle.head, &mount, 0)
        != 0)
        return refused_by(errno);
    return worked("a handle of the host's file system");
}

Tried write_file(std::string const& path)
{
    int const file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0)
        return refused_by(errno);
    ::close(file);
    return worked("opened for writing");
}

Tried write_git_hook(Targets const& targets)
{
    return write_file(target(targets, "project") + "/.git/hooks/pre-commit");
}
Tried write_git_config(Targets const& targets)
{
    return write_file(target(targets, "project") + "/.git/config");
}

Tried rename_git(Targets const& targets)
{
    std::string const git = target(targets, "project") + "/.git", away = git + ".away";
    if (::rename(git.c_str(), away.c_str()) != 0)
        return refused_by(errno);
    ::rename(away.c_str(), git.c_str());
    return worked("the repository's own folder was swapped away");
}

Tried write_editor_tasks(Targets const& targets)
{
    std::string const folder = target(targets, "project") + "/.vscode";
    ::mkdir(folder.c_str(), 0755);
    auto const result = write_file(folder + "/tasks.json");
    ::unlink((folder + "/tasks.json").c_str());
    ::rmdir(folder.c_str());
    return result;
}

Tried make_set_uid(Targets const& targets)
{
    std::string const path = target(targets, "project") + "/osh-attack-setuid";
    int const file = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0755);
    if (file < 0)
        return {};
    int const result = ::fchmod(file, S_ISUID | 0755);
    int const error = errno;
    ::close(file);
    ::unlink(path.c_str());
    return outcome_of(result, error);
}

constexpr std::array kAttempts{
    Attempt{"files.home", "read a file of the home that no profile lists", read_home},
    Attempt{"files.well-known", "read keys, tokens and histories where they usually lie",
        read_well_known},
    Attempt{"files.tmp", "read another program's file in /tmp", read_tmp},
    Attempt{"files.shm", "read another program's shared memory", read_shm},
    Attempt{"files.env", "read .env of the project", read_env_file},
    Attempt{"files.secrets", "read secrets/ of the project", read_secrets_folder},
    Attempt{"files.link", "read a file of the home through a symbolic link", read_by_link},
    Attempt{"files.handle", "take a file handle, which leads past every directory", read_by_handle},
    Attempt{"files.git-hook", "leave a git hook that runs outside later", write_git_hook},
    Attempt{"files.git-config", "leave a git setting that runs a program later", write_git_config},
    Attempt{"files.git-swap", "swap the repository's folder for another", rename_git},
    Attempt{"files.editor", "leave a task that the editor runs later", write_editor_tasks},
    Attempt{"files.set-uid", "leave a set-user-ID program on the host", make_set_uid},
};

} // namespace

std::span<Attempt const> file_attempts()
{
    return kAttempts;
}

} // namespace osh::attack
