#pragma once
// The tables behind filter.h: names of calls, and why each group is there.

#include <span>
#include <string_view>
#include <vector>

namespace osh::launcher
{

struct CallGroup {
    std::string_view name;
    std::string_view reason;
    std::vector<std::string_view> calls;
};

struct RefusedCalls { // answered with an error that programs understand; all else gets ENOSYS
    int answer;
    std::string_view reason;
    std::vector<std::string_view> calls;
};

std::vector<CallGroup> const& allowed_groups();
std::vector<RefusedCalls> const& refused_calls();
std::vector<std::string_view> const& nested_calls(); // allowed when a profile says nested = "allow"
// With it these do not exist (libraries fall back to mount(2), which the broker sees).
std::vector<std::string_view> const& absent_nested_calls();
std::vector<std::string_view> const& init_calls(); // all that PID 1 needs once the agent runs

// What osh itself needs no more once its helpers run.
std::vector<std::string_view> const& calls_of_the_start();

// libseccomp 2.5.4 knows the calls up to Linux 5.17; -1 for an unknown name.
int number_of_call(std::string_view name);

} // namespace osh::launcher
