// proc_pid_status(5), proc_pid_stat(5).

#include "launcher/broker/caller.h"

#include "launcher/sys/event_loop.h"

#include <cerrno>
#include <charconv>
#include <fcntl.h>
#include <linux/capability.h>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxThreads = 256; // status files kept open
constexpr std::size_t kStatusHead = 256; // name, umask, state, thread group come first
constexpr std::size_t kStatHead = 512;

constexpr std::size_t kWholeStatus = 8192; // a person may be in many groups

constexpr int kOctal = 8, kDecimal = 10, kHex = 16;
constexpr Duration kRemembered = 1s;
constexpr unsigned kClosed = 077; // of a thread that cannot be looked at

std::uint64_t number_in(std::string const& status, std::string_view key, int base)
{
    std::size_t const at = status.find(key);
    if (at == std::string::npos)
        return 0;
    std::uint64_t number = 0;
    std::from_chars(status.data() + at + key.size(), status.data() + status.size(), number, base);
    return number;
}

std::int32_t process_in(std::string const& status)
{
    return static_cast<std::int32_t>(number_in(status, "\nTgid:\t", kDecimal));
}

} // namespace

std::int32_t CallerStatus::process(sys::Fd const& proc, std::int32_t thread)
{
    return process_in(read(proc, thread));
}

unsigned CallerStatus::umask(sys::Fd const& proc, std::int32_t thread)
{
    Instant const now = sys::now();
    auto const known = umasks_.find(thread);
    if (known != umasks_.end() && now < known->second.until)
        return known->second.mask;
    std::string const status = read(proc, thread);
    if (status.empty())
        return kClosed;
    auto const mask = static_cast<unsigned>(number_in(status, "\nUmask:\t", kOctal));
    std::int32_t const process = process_in(status);
    auto const announced = announced_.find(process);
    if (announced != announced_.end() && announced->second != mask)
        return mask; // told, and not done yet: nothing to be remembered
    if (announced != announced_.end())
        announced_.erase(announced);
    if (umasks_.size() >= kMaxThreads)
        umasks_.clear();
    umasks_[thread] = {mask, process, now + kRemembered};
    return mask;
}

void CallerStatus::umask_changes(sys::Fd const& proc, std::int32_t thread, unsigned mask)
{
    constexpr unsigned kPermissions = 0777;
    std::int32_t const process = process_in(read(proc, thread));
    std::erase_if(umasks_, [&](auto const& entry) { return entry.second.process == process; });
    if (announced_.size() >= kMaxThreads)
        announced_.clear();
    announced_[process] = mask & kPermissions;
}

std::string CallerStatus::read(sys::Fd const& proc, std::int32_t thread)
{
    auto const known = files_.find(thread);
    if (known != files_.end()) {
        auto text = sys::read_start(known->second, kStatusHead);
        if (!text.empty())
            return text;
        files_.erase(known);
    }
    if (files_.size() >= kMaxThreads)
        files_.clear();
    auto opened = sys::open_entry(proc, std::to_string(thread) + "/status", {O_RDONLY, 0, 0});
    if (!opened.ok())
        return {};
    auto text = sys::read_start(opened.fd, kStatusHead);
    files_.emplace(thread, std::move(opened.fd));
    return text;
}

Interruption interruption_in(std::string const& status)
{
    std::uint64_t const blocked = number_in(status, "\nSigBlk:\t", kHex);
    std::uint64_t const own = number_in(status, "\nSigPnd:\t", kHex) & ~blocked;
    std::uint64_t const shared = number_in(status, "\nShdPnd:\t", kHex) & ~blocked;
    if (own == 0 && shared == 0)
        return Interruption::None;
    bool const is_alone = number_in(status, "\nThreads:\t", kDecimal) == 1;
    return own != 0 || is_alone ? Interruption::Restart : Interruption::Fail;
}

Interruption interruption_of(sys::Fd const& proc, std::int32_t thread)
{
    auto const opened = sys::open_entry(proc, std::to_string(thread) + "/status", {O_RDONLY, 0, 0});
    return opened.ok() ? interruption_in(sys::read_start(opened.fd, kWholeStatus))
                       : Interruption::None;
}

bool may_mount_in(sys::Fd const& proc, std::int32_t thread)
{
    auto const opened = sys::open_entry(proc, std::to_string(thread) + "/status", {O_RDONLY, 0, 0});
    if (!opened.ok())
        return false;
    std::string const status = sys::read_start(opened.fd, kWholeStatus);
    return (number_in(status, "\nCapEff:\t", kHex) >> CAP_SYS_ADMIN & 1) != 0;
}

sys::Opened Caller::start_directory(std::int32_t directory) const
{
    std::string const base = std::to_string(thread_);
    if (directory == AT_FDCWD)
        return sys::open_entry(proc_, base + "/cwd", {O_PATH, 0, 0});
    if (directory < 0)
        return {sys::Fd(), EBADF};
    auto opened = sys::open_entry(proc_, base + "/fd/" + std::to_string(directory), {O_PATH, 0, 0});
    if (opened.error == ENOENT)
        opened.error = EBADF;
    return opened;
}

sys::Opened Caller::root() const
{
    return sys::open_entry(proc_, std::to_string(thread_) + "/root", {O_PATH | O_DIRECTORY, 0, 0});
}

int Caller::text(std::uint64_t address, std::string& into) const
{
    return sys::read_remote_text(thread_, address, into);
}

unsigned Caller::umask() const
{
    return status_.umask(proc_, thread_);
}

std::int32_t Caller::process() const
{
    return status_.process(proc_, thread_);
}

std::string Caller::terminal() const
{
    auto const opened = sys::open_entry(proc_, std::to_string(thread_) + "/stat", {O_RDONLY, 0, 0});
    if (!opened.ok())
        return {};
    std::string const text = sys::read_start(opened.fd, kStatHead);
    std::size_t at = text.rfind(')'); // the name may hold anything
    constexpr int kFieldsBefore = 5;  // state, parent, group, session, then the terminal
    for (int field = 0; field < kFieldsBefore && at != std::string::npos; ++field)
        at = text.find(' ', at + 1);
    if (at == std::string::npos)
        return {};
    unsigned number = 0;
    std::from_chars(text.data() + at + 1, text.data() + text.size(), number);
    unsigned const major = number >> 8 & 0xFFF, minor = (number & 0xFF) | (number >> 12 & 0xFFF00);
    constexpr unsigned kFirstPts = 136, kLastPts = 143, kPerMajor = 256;
    if (major < kFirstPts || major > kLastPts)
        return {};
    return "/dev/pts/" + std::to_string((major - kFirstPts) * kPerMajor + minor);
}

} // namespace osh::launcher
