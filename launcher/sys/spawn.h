#pragma once
// Starting one of our own helpers: fork(2) and execve(2) with exactly the descriptors that are
// listed, in a session of its own (so that Ctrl-C of the terminal does not reach it), ending with
// its parent. Not for the sandbox: launcher/apply makes that one.

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <cstdint>
#include <string>
#include <vector>

namespace osh::sys
{

struct HelperProcess {
    Fd pidfd; // pidfd_open(2)
    std::int32_t pid = 0;
};

struct HelperStart {
    std::string path;                     // absolute
    std::vector<std::string> arguments;   // argv, with argv[0]
    std::vector<std::string> environment; // NAME=value; nothing is inherited
    Fd channel;                           // becomes descriptor 3
    Fd errors;                            // becomes descriptor 2; 0 and 1 are /dev/null
};

inline constexpr int kHelperChannel = 3;

// Errors of execve itself come back as an exit status 127 of the child.
Result<HelperProcess> start_helper(HelperStart start);

struct WaitStatus {
    bool by_signal = false;
    int value = 0;
};
// waitid(2); waits some seconds at most, then Errc::Busy.
Result<WaitStatus> reap(Fd const& pidfd);
// A child that somebody stopped (SIGSTOP) goes on: osh waits for it. True if it was stopped.
bool continue_if_stopped(Fd const& pidfd);
void kill_process(Fd const& pidfd, int signal); // pidfd_send_signal(2); already gone is fine

struct Pipe {
    Fd read, write;
};
Result<Pipe> make_pipe(); // close-on-exec, blocking

} // namespace osh::sys
