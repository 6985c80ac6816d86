// proc_pid_status(5), proc_pid_stat(5).

#include "launcher/broker/caller.h"

#include <cerrno>
#include <charconv>
#include <fcntl.h>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxThreads = 256; // status files kept open
constexpr std::size_t kStatusHead = 256; // name, umask, state, thread group come first
constexpr std::size_t kStatHead = 512;

} // namespace

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

std::uint64_t Caller::status_number(std::string_view key, int base) const
{
    std::string const status = status_.read(proc_, thread_);
    std::size_t const at = status.find(key);
    if (at == std::string::npos)
        return 0;
    std::uint64_t number = 0;
    char const* const begin = status.data() + at + key.size();
    std::from_chars(begin, status.data() + status.size(), number, base);
    return number;
}

unsigned Caller::umask() const
{
    constexpr int kOctal = 8;
    return static_cast<unsigned>(status_number("\nUmask:\t", kOctal));
}

std::int32_t Caller::process() const
{
    constexpr int kDecimal = 10;
    return static_cast<std::int32_t>(status_number("\nTgid:\t", kDecimal));
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
