#include "launcher/init/openers.h"

#include "launcher/init/process_facts.h"
#include "launcher/sys/proc_view.h"

#include <charconv>
#include <string>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kStat = 4096, kStatus = 16 * 1024;

} // namespace

std::optional<std::int32_t> parse_process(std::string_view status)
{
    // The name comes first, and the kernel writes a line feed in it as "\n" in two characters.
    constexpr std::string_view kName = "\nTgid:\t";
    std::size_t const at = status.find(kName);
    if (at == std::string_view::npos)
        return std::nullopt;
    status.remove_prefix(at + kName.size());
    std::int32_t pid = 0;
    auto const [end, error] = std::from_chars(status.data(), status.data() + status.size(), pid);
    if (error != std::errc() || end == status.data() + status.size() || *end != '\n' || pid <= 1)
        return std::nullopt;
    return pid;
}

std::optional<Opener> opener_at(sys::Fd const& proc, std::int32_t pid)
{
    auto const path = std::to_string(pid) + "/stat";
    auto const stat = parse_stat(sys::read_proc(proc, path.c_str(), kStat));
    if (!stat)
        return std::nullopt;
    return Opener{pid, stat->start_time, stat->stack};
}

void Openers::look(sys::Fd const& proc, std::int32_t thread, std::int32_t descriptor)
{
    candidate_.reset();
    auto const task = std::to_string(thread);
    auto const inode = sys::socket_at(proc, (task + "/fd/" + std::to_string(descriptor)).c_str());
    if (!inode)
        return;
    auto const pid = parse_process(sys::read_proc(proc, (task + "/status").c_str(), kStatus));
    auto const opener = pid ? opener_at(proc, *pid) : std::nullopt;
    if (opener)
        candidate_ = Candidate{*inode, *opener};
}

void Openers::stands()
{
    if (!candidate_)
        return;
    auto const [inode, opener] = *candidate_;
    candidate_.reset();
    auto const [at, is_new] = opened_.try_emplace(inode, Opened{opener});
    if (!is_new) {
        auto const& before = at->second;
        bool const is_contested =
            !before.is_settled && (before.is_contested || before.opener != opener);
        at->second = {opener, is_contested};
        return;
    }
    order_.push_back(inode);
    if (order_.size() > kMaxOpened) {
        opened_.erase(order_.front());
        order_.pop_front();
    }
}

Openers::Said Openers::who_opened(std::uint64_t inode) const
{
    auto const found = opened_.find(inode);
    if (found == opened_.end() || found->second.is_contested)
        return {};
    return {found->second.is_settled ? Word::Settled : Word::Open, found->second.opener};
}

void Openers::settle(std::uint64_t inode)
{
    auto const found = opened_.find(inode);
    if (found != opened_.end())
        found->second.is_settled = true;
}

} // namespace osh::launcher
