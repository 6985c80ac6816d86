#include "launcher/init/trace_marks.h"

#include "launcher/sys/io.h"
#include "launcher/sys/proc_view.h"
#include "launcher/sys/standard_streams.h"

#include <charconv>
#include <fcntl.h>
#include <string>
#include <sys/ptrace.h>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxScore = 16;

std::string score_path(std::int32_t pid)
{
    return std::to_string(pid) + "/oom_score_adj";
}

} // namespace

std::optional<std::int32_t> parse_score(std::string_view text)
{
    if (!text.ends_with('\n'))
        return std::nullopt;
    text.remove_suffix(1);
    std::int32_t value = 0;
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size())
        return std::nullopt;
    return value;
}

TraceMarks::TraceMarks(Plan const& plan)
    : unmarked_score_(plan.oom_score_adjust), is_active_(plan.debug_allow),
      marks_can_be_removed_(plan.nested_allow || plan.landlock_abi == 0)
{
}

bool TraceMarks::may_trace(sys::Fd const& proc, sys::Notification const& call)
{
    if (marks_can_be_removed_)
        is_all_unknown_ = true;
    return is_all_unknown_ || mark_target(proc, call);
}

// PTRACE_TRACEME makes the caller traced, the others the process they name. A process that cannot
// be marked cannot be traced: it ended, or it is undumpable.
bool TraceMarks::mark_target(sys::Fd const& proc, sys::Notification const& call)
{
    bool const is_own_wish = static_cast<std::uint32_t>(call.arguments[0]) == PTRACE_TRACEME;
    std::int32_t const target =
        is_own_wish ? call.thread : static_cast<std::int32_t>(call.arguments[1]);
    if (target <= 1)
        return false;
    auto const file = sys::open_in(proc, score_path(target).c_str(), O_WRONLY);
    return file.ok() && sys::write_all(*file, std::to_string(unmarked_score_ + 1)).ok();
}

bool TraceMarks::was_traced(sys::Fd const& proc, std::int32_t pid) const
{
    if (marks_can_be_removed_ || !is_active_)
        return is_all_unknown_;
    auto const score = parse_score(sys::read_proc(proc, score_path(pid).c_str(), kMaxScore));
    return !score || *score != unmarked_score_;
}

} // namespace osh::launcher
