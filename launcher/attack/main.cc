// `osh-attack NAME=VALUE…`: makes every attempt, each in a process of its own with a time limit,
// and prints one line for each: name, outcome, detail. Started by `osh attack`, outside and inside.

#include "launcher/attack/attempt.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>

namespace
{

using namespace osh::attack;

constexpr unsigned kLimitSeconds = 10;
constexpr std::size_t kMaxLine = 512;

char const* word_for(Outcome outcome)
{
    switch (outcome) {
    case Outcome::Worked: return "worked";
    case Outcome::Refused: return "refused";
    case Outcome::Broken: break;
    }
    return "broken";
}

[[noreturn]] void act_in_child(Attempt const& attempt, Targets const& targets, int answers)
{
    ::alarm(kLimitSeconds);
    Tried const result = attempt.act(targets);
    std::string const line = std::string(word_for(result.outcome)) + "\t" + result.detail;
    ssize_t const written = ::write(answers, line.data(), std::min(line.size(), kMaxLine));
    ::_exit(written < 0 ? 1 : 0);
}

std::string answer_to(Attempt const& attempt, Targets const& targets)
{
    std::array<int, 2> ends{};
    if (::pipe(ends.data()) != 0)
        return "broken\tno pipe";
    pid_t const pid = ::fork();
    if (pid < 0)
        return "broken\tno process";
    if (pid == 0)
        act_in_child(attempt, targets, ends[1]);
    ::close(ends[1]);
    std::array<char, kMaxLine> text{};
    ssize_t const count = ::read(ends[0], text.data(), text.size());
    ::close(ends[0]);
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
    // A process that was ended for trying has been refused, and a silent one too.
    return count > 0 ? std::string(text.data(), static_cast<std::size_t>(count))
                     : "refused\tended for trying, or no answer in time";
}

} // namespace

int main(int argc, char** argv)
{
    Targets targets;
    for (int i = 1; i < argc; ++i) {
        std::string const word = argv[i];
        std::size_t const equals = word.find('=');
        if (equals == std::string::npos) {
            std::fputs("osh-attack is started by osh attack\n", stderr);
            return 2;
        }
        targets[word.substr(0, equals)] = word.substr(equals + 1);
    }
    for (auto const& kind : {file_attempts(), proc_attempts(), socket_attempts(), kernel_attempts(),
             network_attempts(), terminal_attempts(), identity_attempts()})
        for (auto const& attempt : kind) {
            std::printf("%s\t%s\n", attempt.name, answer_to(attempt, targets).c_str());
            std::fflush(stdout);
        }
    std::puts("end\tof attempts\t");
    return 0;
}
