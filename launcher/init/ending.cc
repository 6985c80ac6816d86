#include "launcher/init/ending.h"

#include "launcher/init/socket_holders.h"
#include "launcher/sys/proc_view.h"

#include <charconv>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kStat = 4096;
constexpr std::uint32_t kExiting = 0x4; // PF_EXITING, include/linux/sched.h since Linux 2.6

} // namespace

bool tells_of_an_end(std::string_view stat)
{
    constexpr int kBefore = 5;               // fields between the state and the flags
    std::size_t const end = stat.rfind(')'); // the name may hold anything
    if (end == std::string_view::npos)
        return false;
    stat.remove_prefix(end + 1);
    if (stat.starts_with(" Z") || stat.starts_with(" X"))
        return true;
    std::size_t at = stat.find(' ', 1);
    for (int i = 0; i < kBefore && at != std::string_view::npos; ++i)
        at = stat.find(' ', at + 1);
    if (at == std::string_view::npos)
        return false;
    std::uint32_t flags = 0;
    std::from_chars(stat.data() + at + 1, stat.data() + stat.size(), flags);
    return (flags & kExiting) != 0;
}

bool has_task_ended(sys::Fd const& proc, std::string const& task)
{
    return tells_of_an_end(sys::read_proc(proc, (task + "/stat").c_str(), kStat));
}

bool has_process_ended(sys::Fd const& proc, std::int32_t pid)
{
    auto const directory = std::to_string(pid);
    auto const tasks = directory + "/task";
    std::size_t seen = 0, ended = 0;
    bool const are_all =
        sys::for_each_entry(proc, tasks.c_str(), kMaxThreads, [&](std::string_view name) {
            ++seen;
            ended += has_task_ended(proc, tasks + "/" + std::string(name)) ? 1 : 0;
            return ended == seen;
        });
    // A thread that another one started while they were listed is one more; one that becomes the
    // process takes the place of its leader, and lives.
    return are_all && ended > 0 && ended == seen && sys::count_threads(proc, tasks.c_str()) <= ended
           && has_task_ended(proc, directory);
}

} // namespace osh::launcher
