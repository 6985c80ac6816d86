#include "launcher/sys/io.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <unistd.h>

namespace osh::sys
{

Result<Fd> open_path(std::string const& path, int flags, int mode)
{
    int raw = -1;
    do
        raw = ::open(path.c_str(), flags | O_CLOEXEC, mode);
    while (raw < 0 && errno == EINTR);
    if (raw < 0)
        return fail_errno(errno, "cannot open " + path);
    return Fd::adopt_raw_fd(raw);
}

Result<std::size_t> read_some(Fd const& fd, MutableBytes into)
{
    ssize_t count = 0;
    do
        count = ::read(fd.raw(), into.data(), into.size());
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return fail_errno(errno, "read");
    return static_cast<std::size_t>(count);
}

Result<std::size_t> write_some(Fd const& fd, Bytes from)
{
    ssize_t count = 0;
    do
        count = ::write(fd.raw(), from.data(), from.size());
    while (count < 0 && errno == EINTR);
    if (count < 0)
        return fail_errno(errno, "write");
    return static_cast<std::size_t>(count);
}

Result<> write_all(Fd const& fd, Bytes from)
{
    while (!from.empty()) {
        LET(count, write_some(fd, from));
        from = from.subspan(count);
    }
    return {};
}

Result<> write_all(Fd const& fd, std::string_view text)
{
    return write_all(fd, bytes_of(text));
}

namespace
{

constexpr std::size_t kLeastRoom = 4096;

// One byte more than a regular file holds, to meet its end without growing; it may have no size
// that is worth anything (/proc).
std::size_t room_for(Fd const& fd, std::size_t limit)
{
    struct stat status {
    };
    bool const is_known =
        ::fstat(fd.raw(), &status) == 0 && S_ISREG(status.st_mode) && status.st_size > 0;
    auto const size = is_known ? static_cast<std::size_t>(status.st_size) : kLeastRoom;
    return std::min(size, limit) + 1;
}

// Into memory that nobody cleared before: each page is touched once.
Result<std::size_t> append_some(Fd const& fd, std::string& text, std::size_t room)
{
    std::size_t const before = text.size();
    Result<std::size_t> count = std::size_t{0};
    text.resize_and_overwrite(before + room, [&](char* data, std::size_t) {
        count = read_some(fd, std::as_writable_bytes(std::span(data + before, room)));
        return before + (count.ok() ? *count : 0);
    });
    return count;
}

} // namespace

Result<std::string> read_all(Fd const& fd, std::size_t limit)
{
    std::string text;
    std::size_t room = room_for(fd, limit);
    for (;;) {
        LET(count, append_some(fd, text, room));
        if (count == 0)
            return text;
        if (text.size() > limit)
            return fail(Errc::TooLarge, "more than " + std::to_string(limit) + " bytes");
        room = std::max(text.capacity() - text.size(), std::size_t{1});
    }
}

Result<> copy_all(Fd const& from, Fd const& into, std::size_t limit)
{
    std::size_t copied = 0;
    for (;;) {
        ssize_t const count = ::sendfile(into.raw(), from.raw(), nullptr, limit + 1 - copied);
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return fail_errno(errno, "sendfile");
        if (count == 0)
            return {};
        copied += static_cast<std::size_t>(count);
        if (copied > limit)
            return fail(Errc::TooLarge, "more than " + std::to_string(limit) + " bytes");
    }
}

namespace
{

bool is_same_version(struct stat const& a, struct stat const& b)
{
    return a.st_size == b.st_size && a.st_mtim.tv_sec == b.st_mtim.tv_sec
           && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec && a.st_ctim.tv_sec == b.st_ctim.tv_sec
           && a.st_ctim.tv_nsec == b.st_ctim.tv_nsec;
}

} // namespace

Result<std::string> read_file(std::string const& path, std::size_t limit)
{
    LET(fd, open_path(path, O_RDONLY | O_NONBLOCK | O_NOCTTY));
    struct stat before {
    };
    if (::fstat(fd.raw(), &before) != 0)
        return fail_errno(errno, "cannot examine " + path);
    if (!S_ISREG(before.st_mode))
        return fail(Errc::Invalid, path + " is not a regular file");
    auto text = read_all(fd, limit);
    if (!text.ok())
        return fail_because("cannot read " + path, std::move(text).error());
    struct stat after {
    };
    if (::fstat(fd.raw(), &after) != 0 || !is_same_version(before, after))
        return fail(Errc::Busy, path + " changed while it was read; try again");
    return text;
}

Result<Fd> sealed_memfd(std::string const& name, std::string_view text)
{
    Fd fd = Fd::adopt_raw_fd(::memfd_create(name.c_str(), MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd.is_open())
        return fail_errno(errno, "memfd_create");
    TRY(write_all(fd, text));
    int const seals = F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE;
    if (::lseek(fd.raw(), 0, SEEK_SET) != 0 || ::fcntl(fd.raw(), F_ADD_SEALS, seals) != 0)
        return fail_errno(errno, "cannot seal a memfd");
    return fd;
}

Result<> set_nonblocking(Fd const& fd)
{
    int const flags = ::fcntl(fd.raw(), F_GETFL);
    if (flags < 0 || ::fcntl(fd.raw(), F_SETFL, flags | O_NONBLOCK) < 0)
        return fail_errno(errno, "cannot make a descriptor non-blocking");
    return {};
}

} // namespace osh::sys
