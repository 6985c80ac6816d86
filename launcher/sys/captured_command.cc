#include "launcher/sys/captured_command.h"

#include "launcher/sys/event_loop.h"
#include "launcher/sys/io.h"
#include "policy/base/text.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr std::size_t kReadStep = 4096;

struct Child {
    pid_t pid = -1;
    Fd output;
};

std::vector<char*> pointers(std::vector<std::string> const& words, std::vector<std::string>& store)
{
    store = words;
    std::vector<char*> out;
    for (auto& word : store)
        out.push_back(word.data());
    out.push_back(nullptr);
    return out;
}

class SpawnSettings
{
public:
    SpawnSettings()
    {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
    }
    ~SpawnSettings()
    {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }
    SpawnSettings(SpawnSettings const&) = delete;
    SpawnSettings& operator=(SpawnSettings const&) = delete;

    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
};

Result<Child> spawn(CapturedCommand const& command, std::string const& program)
{
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        return fail_errno(errno, "pipe2");
    Child child{-1, Fd::adopt_raw_fd(ends[0])};
    Fd const theirs = Fd::adopt_raw_fd(ends[1]);
    SpawnSettings settings;
    ::posix_spawn_file_actions_addopen(&settings.actions, 0, "/dev/null", O_RDONLY, 0);
    ::posix_spawn_file_actions_adddup2(&settings.actions, theirs.raw(), 1);
    ::posix_spawn_file_actions_addopen(&settings.actions, 2, "/dev/null", O_WRONLY, 0);
    sigset_t none, all;
    ::sigemptyset(&none);
    ::sigfillset(&all);
    ::posix_spawnattr_setsigmask(&settings.attributes, &none);
    ::posix_spawnattr_setsigdefault(&settings.attributes, &all);
    ::posix_spawnattr_setflags(
        &settings.attributes, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    std::vector<std::string> words, variables;
    auto const argv = pointers(command.arguments, words);
    auto const env = pointers(command.environment, variables);
    int const error = ::posix_spawn(&child.pid, program.c_str(), &settings.actions,
        &settings.attributes, argv.data(), env.data());
    if (error != 0)
        return fail_errno(error, "cannot start " + in_quotes(program));
    return child;
}

void kill_group(Child const& child)
{
    ::kill(-child.pid, SIGKILL);
    ::kill(child.pid, SIGKILL);
}

int reap(Child const& child)
{
    int status = 0;
    while (::waitpid(child.pid, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

Result<> wait_readable(Fd const& fd, Instant deadline)
{
    for (;;) {
        auto const left = std::chrono::ceil<std::chrono::milliseconds>(deadline - now()).count();
        pollfd ready{fd.raw(), POLLIN, 0};
        int const count = left <= 0 ? 0 : ::poll(&ready, 1, static_cast<int>(left));
        if (count > 0)
            return {};
        if (count == 0)
            return fail(Errc::Busy, "not done in time");
        if (errno != EINTR)
            return fail_errno(errno, "poll");
    }
}

// It may close its output and go on: pidfd_open(2), readable when the process has ended.
Result<> wait_for_end(Child const& child, Instant deadline)
{
    int const raw = static_cast<int>(::syscall(SYS_pidfd_open, child.pid, 0));
    if (raw < 0)
        return fail_errno(errno, "pidfd_open");
    return wait_readable(Fd::adopt_raw_fd(raw), deadline);
}

// Until the end of the output, the limit, or the deadline.
Result<std::string> collect(Child const& child, CapturedCommand const& command, Instant deadline)
{
    std::string text;
    for (;;) {
        TRY(wait_readable(child.output, deadline));
        std::size_t const before = text.size();
        text.resize(before + kReadStep);
        auto const bytes = std::as_writable_bytes(std::span(text)).subspan(before);
        LET(length, read_some(child.output, bytes));
        text.resize(before + length);
        if (length == 0)
            return text;
        if (text.size() > command.output_limit)
            return fail(
                Errc::TooLarge, fmt::format("more than {} bytes of output", command.output_limit));
    }
}

} // namespace

Result<std::string> find_program(
    std::string const& name, std::vector<std::string> const& search_path)
{
    std::vector<std::string> folders = search_path;
    if (name.find('/') != std::string::npos)
        folders = {""};
    for (auto const& folder : folders) {
        std::string const path = folder.empty() ? name : folder + "/" + name;
        struct stat status {
        };
        bool const is_program = path.starts_with("/") && ::stat(path.c_str(), &status) == 0
                                && S_ISREG(status.st_mode) && ::access(path.c_str(), X_OK) == 0;
        if (is_program)
            return path;
    }
    return fail(Errc::NotFound, fmt::format("no program {}", in_quotes(name)));
}

Result<std::string> run_captured(CapturedCommand const& command)
{
    if (command.arguments.empty())
        return fail(Errc::Invalid, "an empty command");
    LET(program, find_program(command.arguments[0], command.search_path));
    LET(child, spawn(command, program));
    Instant const deadline = now() + command.timeout;
    auto output = collect(child, command, deadline);
    auto const ended = output.ok() ? wait_for_end(child, deadline) : Result<>(Unit{});
    kill_group(child); // also what it left behind; a zombie keeps its number until reaped
    int const status = reap(child);
    std::string const name = in_quotes(command.arguments[0]);
    if (!output.ok())
        return fail_because(name, std::move(output).error());
    if (!ended.ok())
        return fail_because(name, ended.error());
    if (!(WIFEXITED(status) && WEXITSTATUS(status) == 0))
        return fail(Errc::Denied,
            WIFEXITED(status) ? fmt::format("{} ended with status {}", name, WEXITSTATUS(status))
                              : fmt::format("{} was ended by signal {}", name, WTERMSIG(status)));
    return output;
}

} // namespace osh::sys
