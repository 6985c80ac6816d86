#pragma once
// Which processes were ever traced. A tracer can put its own code into a program and detach, and
// nothing in /proc tells of it afterwards (security design H12 b): so init hears of every ptrace(2)
// that makes a process traced, before it happens, and marks the process.
//
// The mark is one point of oom_score_adj: the kernel copies it to every child, keeps it over
// execve(2), and the agent cannot take it back, because Landlock lets it write nothing below /proc
// (proc_pid_oom_score_adj(5)). Where Landlock's file rules are off, one use of ptrace makes every
// program of the session unknown.

#include "launcher/plan/plan.h"
#include "launcher/sys/fd.h"
#include "launcher/sys/listener.h"

#include <cstdint>

namespace osh::launcher
{

class TraceMarks
{
public:
    explicit TraceMarks(Plan const& plan);

    // Marks what the call would make traced; no: it must not be.
    bool may_trace(sys::Fd const& proc, sys::Notification const& call);
    bool was_traced(sys::Fd const& proc, std::int32_t pid) const;

private:
    bool mark_target(sys::Fd const& proc, sys::Notification const& call);

    std::int32_t unmarked_score_;
    bool is_active_, marks_can_be_removed_;
    bool is_all_unknown_ = false;
};

// "500\n" -> 500; nothing for anything else.
std::optional<std::int32_t> parse_score(std::string_view text);

} // namespace osh::launcher
