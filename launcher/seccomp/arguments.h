#pragma once
// Rules over arguments: what an allowed call may not be asked to do. Every comparison is on the low
// 32 bits, which is what the kernel looks at for these arguments: a filter that compares all 64 can
// be passed by setting a high bit (CVE-2019-7303).

#include "launcher/seccomp/filter.h"

#include <cstdint>
#include <string_view>
#include <vector>

namespace osh::launcher
{

struct ArgumentTest { // (argument & mask) == value
    unsigned index = 0;
    std::uint32_t mask = 0, value = 0;
};

struct ArgumentRule {
    std::string_view call;
    int answer = 0;                  // errno
    std::vector<ArgumentTest> tests; // all must hold
};

std::vector<ArgumentRule> argument_rules(FilterChoice choice);

// Calls that the broker carries out (launcher/broker/calls.h): all that make names, and opens that
// make or write. Their `answer` means nothing.
std::vector<ArgumentRule> asking_rules(FilterChoice choice);
// Calls that are told to init before they happen; `answer` has no meaning there.
std::vector<ArgumentRule> watched_rules(FilterChoice choice);

// What init may do with these arguments only; `answer` has no meaning there.
std::vector<ArgumentRule> init_rules();
// For osh itself: local sockets only, and no memory that becomes code.
std::vector<ArgumentRule> supervisor_rules();

// All 32-bit values but the allowed ones, as the fewest (mask, value) blocks.
std::vector<ArgumentTest> all_but(unsigned index, std::vector<std::uint32_t> allowed);

} // namespace osh::launcher
