#pragma once
// Long answers for a person at a terminal, through a pager, as git(1) does it: $PAGER, else
// less(1), run by sh(1) on a pipe that takes the place of our standard output. What is written must
// be safe for a terminal by itself: a pager may pass everything on.

#include "policy/base/result.h"

#include <cstdint>
#include <string>

namespace osh::sys
{

class Pager
{
public:
    // Nothing is started when standard output is no terminal, or `command` is "" or "cat".
    static Pager start(std::string const& command);
    Pager() = default;
    Pager(Pager&& other) noexcept;
    Pager& operator=(Pager&&) = delete;
    ~Pager(); // flushes and closes standard output, and waits until the person has left the pager

private:
    std::int32_t pid_ = 0;
};

} // namespace osh::sys
