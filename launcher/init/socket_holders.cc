#include "launcher/init/socket_holders.h"

#include "launcher/init/ending.h"
#include "launcher/sys/closed_table.h"
#include "launcher/sys/entry_calls.h"
#include "launcher/sys/proc_view.h"
#include "policy/base/text.h"

#include <algorithm>
#include <charconv>
#include <string>

namespace osh::launcher
{
namespace
{

// Processes that come up during a walk are looked at in another one, so that nothing escapes by
// forking. A tree that always has new ones is not seen whole.
constexpr int kMostRounds = 5;
constexpr std::size_t kInfo = 4096;
constexpr std::string_view kTravelling = "\nscm_fds:";

std::int32_t number_of(std::string_view name)
{
    std::int32_t pid = 0;
    auto const [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
    return error == std::errc() && end == name.data() + name.size() ? pid : 0;
}

class Walk
{
public:
    Walk(sys::Fd const& proc, std::span<SocketSearch> searches, CarrierSearch& carriers)
        : proc_(proc), searches_(searches), carriers_(carriers)
    {
    }

    // False: something is there and was not seen.
    bool look_at(std::int32_t pid)
    {
        auto const directory = std::to_string(pid);
        bool const was_read = look_at_table(directory, pid) || look_at_hidden_table(directory, pid);
        if (are_all_over())
            return true;
        auto const tasks = directory + "/task";
        auto const threads = sys::count_threads(proc_, tasks.c_str());
        if (threads == 0)
            return true; // it is gone
        return threads == 1 ? was_read || has_process_ended(proc_, pid)
                            : look_at_threads(tasks, pid, was_read);
    }

    bool are_all_over() const
    {
        return carriers_.is_over() && std::ranges::all_of(searches_, [](auto const& search) {
            return search.is_over();
        });
    }

private:
    // Threads that outlive their leader, whose table is gone then, are looked at themselves.
    bool look_at_threads(std::string const& tasks, std::int32_t pid, bool was_leader_read)
    {
        bool is_whole = true;
        bool const are_all =
            sys::for_each_entry(proc_, tasks.c_str(), kMaxThreads, [&](std::string_view name) {
                auto const thread = number_of(name);
                if (was_leader_read && (thread == pid || sys::share_descriptors(pid, thread)))
                    return true;
                std::string const task = tasks + "/" + std::string(name);
                bool const was_seen = look_at_table(task, pid);
                is_whole &= was_seen || has_task_ended(proc_, task)
                            || !sys::entry_exists(proc_, task.c_str());
                return true;
            });
        return is_whole && are_all;
    }

    bool look_at_table(std::string const& task, std::int32_t pid)
    {
        return sys::for_each_socket(proc_, (task + "/fd").c_str(), kMaxDescriptorsSeen,
            [&](std::uint64_t inode, std::string_view name) {
                take(inode, pid, number_of(name));
                look_into_queue(inode, task + "/fdinfo/", name);
                return !are_all_over();
            });
    }

    // Of a program that made itself undumpable. What travels in its queues is not seen.
    bool look_at_hidden_table(std::string const& directory, std::int32_t pid)
    {
        return !sys::may_list(proc_, (directory + "/fd").c_str())
               && sys::for_each_hidden_socket(
                   proc_, pid, kMaxHiddenPlaces, [&](std::uint64_t inode, std::int32_t number) {
                       take(inode, pid, number);
                       look_into_queue(inode, directory + "/fdinfo/", std::to_string(number));
                       return !are_all_over();
                   });
    }

    // proc_pid_fdinfo(5): "scm_fds" counts what waits in a Unix socket's queue, Linux 5.7.
    void look_into_queue(std::uint64_t inode, std::string path, std::string_view name)
    {
        if (carriers_.is_over()
            || (!carriers_.are_all_suspect
                && !std::ranges::binary_search(carriers_.suspects, inode)))
            return;
        std::string const text = sys::read_proc(proc_, path.append(name).c_str(), kInfo);
        auto const at = text.find(kTravelling);
        if (at == std::string::npos) {
            // Among all sockets it is none of that kind; a suspect is, and was not seen into.
            carriers_.has_found |= !carriers_.are_all_suspect;
            return;
        }
        auto const end = text.find('\n', at + 1);
        auto const count = std::string_view(text).substr(at, end - at).substr(kTravelling.size());
        carriers_.has_found |= trimmed(count) != "0";
    }

    void take(std::uint64_t inode, std::int32_t pid, std::int32_t descriptor)
    {
        for (auto& search : searches_) {
            if (search.inode != inode || search.is_over()
                || std::ranges::find(search.pids, pid) != search.pids.end())
                continue;
            if (search.pids.empty())
                search.descriptor = descriptor;
            if (search.pids.size() < policy::kMaxHolders)
                search.pids.push_back(pid);
            else
                search.is_complete = false;
        }
    }

    sys::Fd const& proc_;
    std::span<SocketSearch> searches_;
    CarrierSearch& carriers_;
};

void give_up(std::span<SocketSearch> searches)
{
    for (auto& search : searches)
        search.is_complete &= search.is_over();
}

// Everybody, and whoever came meanwhile. False: not everything was seen.
bool look_at_all(sys::Fd const& proc, Walk& walk, std::vector<std::int32_t> const& helpers)
{
    std::vector<std::int32_t> seen, now;
    bool is_whole = true;
    for (int round = 0; round < kMostRounds; ++round) {
        is_whole &= list_processes(proc, now);
        std::erase_if(
            now, [&](auto pid) { return std::ranges::find(helpers, pid) != helpers.end(); });
        bool is_news = false;
        for (auto const pid : now) {
            if (std::ranges::binary_search(seen, pid, std::greater<>()))
                continue;
            is_news = true;
            is_whole &= walk.look_at(pid);
            if (walk.are_all_over())
                return true;
        }
        if (!is_news)
            return is_whole;
        seen.swap(now);
    }
    return false;
}

} // namespace

bool list_processes(sys::Fd const& proc, std::vector<std::int32_t>& pids)
{
    pids.clear();
    bool const are_all = sys::for_each_entry(proc, ".", kMaxProcesses, [&](std::string_view name) {
        auto const pid = number_of(name);
        if (pid > 1) // 1 is init itself
            pids.push_back(pid);
        return true;
    });
    std::ranges::sort(pids, std::greater<>());
    return are_all;
}

std::vector<std::int32_t> SocketHolders::Recent::guesses() const
{
    constexpr std::int32_t kShareOfWalk = 8; // a table has at least as many places as its numbers
    std::int32_t const latest = numbers.front();
    std::int32_t const reach = std::clamp(latest / kShareOfWalk, 1, kMaxGuessReach);
    std::vector<std::int32_t> all;
    for (std::int32_t away = 0; away <= reach; ++away)
        all.push_back(latest + away);
    all.insert(all.end(), numbers.begin() + 1, numbers.end());
    for (std::int32_t away = 1; away <= std::min(reach, latest); ++away)
        all.push_back(latest - away);
    return all;
}

bool SocketHolders::Recent::has_long_table() const
{
    return std::ranges::max(numbers) >= kLongTable;
}

// A few looks instead of a walk through a table: a client that opens one connection after the
// other, be it that it closes them or that it keeps them.
bool SocketHolders::find_again(sys::Fd const& proc, SocketSearch& search)
{
    if (search.depth != policy::OwnerDepth::Shown)
        return false;
    for (auto const& recent : recent_) {
        auto const table = sys::open_proc(proc, (std::to_string(recent.pid) + "/fd").c_str());
        if (!table.is_open())
            continue; // it is gone, or hides it
        for (auto const number : recent.guesses()) {
            if (sys::socket_at(table, std::to_string(number).c_str()) != search.inode)
                continue;
            search.pids.push_back(recent.pid);
            search.descriptor = number;
            remember(recent.pid, number);
            return true;
        }
    }
    return false;
}

void SocketHolders::remember(std::int32_t pid, std::int32_t number)
{
    Recent holder{pid, {}};
    auto const known = std::ranges::find(recent_, pid, &Recent::pid);
    if (known != recent_.end()) {
        holder.numbers = std::move(known->numbers);
        recent_.erase(known);
    }
    std::erase(holder.numbers, number);
    holder.numbers.insert(holder.numbers.begin(), number);
    if (holder.numbers.size() > kMaxRecentNumbers)
        holder.numbers.pop_back();
    recent_.insert(recent_.begin(), std::move(holder));
    if (recent_.size() > kMaxRecentHolders)
        recent_.pop_back();
}

// Where one holder is enough. A long table does not keep a program waiting that just started.
std::vector<std::int32_t> SocketHolders::likely_holders(sys::Fd const& proc)
{
    std::erase_if(recent_, [&](Recent const& holder) {
        return !sys::entry_exists(proc, std::to_string(holder.pid).c_str());
    });
    std::vector<std::int32_t> soon, later;
    for (auto const& recent : recent_)
        (recent.has_long_table() ? later : soon).push_back(recent.pid);
    if (!later.empty()) {
        std::vector<std::int32_t> newest;
        list_processes(proc, newest);
        std::erase_if(newest, [&](auto pid) {
            return std::ranges::find(helpers_, pid) != helpers_.end()
                   || std::ranges::find(recent_, pid, &Recent::pid) != recent_.end();
        });
        newest.resize(std::min(newest.size(), kNewestBeforeLong));
        soon.insert(soon.end(), newest.begin(), newest.end());
    }
    soon.insert(soon.end(), later.begin(), later.end());
    return soon;
}

void SocketHolders::find(
    sys::Fd const& proc, std::span<SocketSearch> searches, CarrierSearch& carriers)
{
    if (searches.size() == 1 && find_again(proc, searches.front()))
        return;
    Walk walk(proc, searches, carriers);
    bool const may_stop = std::ranges::all_of(
        searches, [](auto const& search) { return search.depth == policy::OwnerDepth::Shown; });
    for (auto const pid : may_stop ? likely_holders(proc) : std::vector<std::int32_t>()) {
        walk.look_at(pid);
        if (walk.are_all_over())
            break;
    }
    if (!walk.are_all_over() && !look_at_all(proc, walk, helpers_)) {
        give_up(searches);
        carriers.has_found |= !carriers.is_over();
    }
    for (auto const& search : searches)
        if (!search.pids.empty())
            remember(search.pids.front(), search.descriptor);
}

} // namespace osh::launcher
