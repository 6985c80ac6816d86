#include "launcher/sys/pager.h"

#include "launcher/sys/spawn.h"
#include "launcher/sys/terminal.h"

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

namespace osh::sys
{
namespace
{

constexpr int kCannotExecute = 127;

[[noreturn]] void become_pager_in_child(int input, char const* command)
{
    if (::dup2(input, STDIN_FILENO) >= 0)
        ::execl("/bin/sh", "sh", "-c", command, static_cast<char*>(nullptr));
    ::_exit(kCannotExecute);
}

} // namespace

Pager Pager::start(std::string const& command)
{
    Pager pager;
    if (command.empty() || command == "cat"
        || stream_facts(STDOUT_FILENO).kind != StreamKind::Terminal)
        return pager;
    auto pipe = make_pipe();
    if (!pipe.ok())
        return pager;
    ::setenv("LESS", "FX", 0); // short answers need no key, and stay on the screen
    std::fflush(stdout);
    pid_t const pid = ::fork();
    if (pid == 0)
        become_pager_in_child(pipe->read.raw(), command.c_str());
    if (pid > 0 && ::dup2(pipe->write.raw(), STDOUT_FILENO) >= 0)
        pager.pid_ = pid;
    return pager;
}

Pager::Pager(Pager&& other) noexcept : pid_(std::exchange(other.pid_, 0)) {}

Pager::~Pager()
{
    if (pid_ == 0)
        return;
    std::fflush(stdout);
    ::close(STDOUT_FILENO);
    // Ctrl-C is for the pager.
    auto const before = std::signal(SIGINT, SIG_IGN);
    int status = 0;
    while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
    }
    std::signal(SIGINT, before);
}

} // namespace osh::sys
