#include "launcher/sys/local_sockets.h"

#include "launcher/sys/io.h"
#include "launcher/sys/netlink.h"
#include "policy/base/text.h"

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>
#include <sys/sysmacros.h>
#include <sys/un.h>

namespace osh::sys
{
namespace
{

constexpr std::size_t kDumpBuffer = 32 * 1024; // the kernel fills at most this much at a time
constexpr std::size_t kMaxDumpMessages = 1024; // half a million sockets
constexpr std::size_t kMaxMountTable = 4 * 1024 * 1024;
constexpr unsigned kMinorBits = 20; // of the kernel's own dev_t (linux/kdev_t.h)

// One socket: a header, then attributes (struct nlattr), of which one tells the file.
void take_socket(Bytes message, std::set<SocketFile>& into)
{
    while (message.size() >= NLA_HDRLEN) {
        nlattr header{};
        std::memcpy(&header, message.data(), sizeof header);
        if (header.nla_len < NLA_HDRLEN || header.nla_len > message.size())
            return;
        unix_diag_vfs file{};
        if (header.nla_type == UNIX_DIAG_VFS && header.nla_len >= NLA_HDRLEN + sizeof file) {
            std::memcpy(&file, message.data() + NLA_HDRLEN, sizeof file);
            into.emplace(file.udiag_vfs_dev, file.udiag_vfs_ino);
        }
        message = message.subspan(std::min<std::size_t>(NLA_ALIGN(header.nla_len), message.size()));
    }
}

// One datagram of the answer; true when it was the last.
Result<bool> take_batch(Bytes batch, std::set<SocketFile>& into)
{
    constexpr std::size_t kFixed = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(unix_diag_msg));
    while (batch.size() >= NLMSG_HDRLEN) {
        nlmsghdr header{};
        std::memcpy(&header, batch.data(), sizeof header);
        if (header.nlmsg_len < NLMSG_HDRLEN || header.nlmsg_len > batch.size())
            return fail(Errc::Malformed, "unix_diag: a length that cannot be");
        if (header.nlmsg_type == NLMSG_DONE)
            return true;
        if (header.nlmsg_type == NLMSG_ERROR)
            return fail(Errc::Unsupported, "unix_diag: the kernel lists no sockets");
        if (header.nlmsg_len > kFixed)
            take_socket(batch.subspan(kFixed, header.nlmsg_len - kFixed), into);
        batch = batch.subspan(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), batch.size()));
    }
    return false;
}

} // namespace

// connect(2) as a datagram socket: towards a stream the kernel says EPROTOTYPE before anybody there
// hears of it, and a datagram socket is not told who connects to it.
Result<bool> is_socket_alive(Fd const& place)
{
    Fd const probe =
        Fd::adopt_raw_fd(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!probe.is_open())
        return fail_errno(errno, "socket");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::snprintf(address.sun_path, sizeof address.sun_path, "/proc/self/fd/%d", place.raw());
    auto const* const generic = static_cast<sockaddr const*>(static_cast<void const*>(&address));
    int const failed = ::connect(probe.raw(), generic, sizeof address) == 0 ? 0 : errno;
    return failed != ECONNREFUSED && failed != ENOENT;
}

SocketFile socket_file(std::uint64_t device, std::uint64_t inode)
{
    return {(major(device) << kMinorBits) | minor(device), static_cast<std::uint32_t>(inode)};
}

Result<std::set<SocketFile>> bound_sockets()
{
    LET(diagnosis, open_netlink(NETLINK_SOCK_DIAG));
    unix_diag_req request{};
    request.sdiag_family = AF_UNIX;
    request.udiag_states = ~0U;
    request.udiag_show = UDIAG_SHOW_VFS;
    NetlinkMessage message(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
    message.append(request);
    Bytes const bytes = message.finish();
    if (::send(diagnosis.raw(), bytes.data(), bytes.size(), 0) < 0)
        return fail_errno(errno, "unix_diag send");
    std::set<SocketFile> found;
    std::vector<std::byte> answer(kDumpBuffer);
    for (std::size_t i = 0; i < kMaxDumpMessages; ++i) {
        ssize_t const count = ::recv(diagnosis.raw(), answer.data(), answer.size(), 0);
        if (count <= 0)
            return fail_errno(count < 0 ? errno : EPROTO, "unix_diag answer");
        LET(is_done, take_batch(Bytes(answer).first(static_cast<std::size_t>(count)), found));
        if (is_done)
            return found;
    }
    return fail(Errc::TooLarge, "unix_diag: an answer without end");
}

// proc_pid_mountinfo(5): number, parent, major:minor, root, mount point, …; blanks in names are
// written in octal, and such a name is simply not found.
std::uint64_t device_mounted_at(std::string const& path)
{
    auto const table = read_file("/proc/self/mountinfo", kMaxMountTable);
    std::uint64_t device = 0;
    if (!table.ok())
        return device;
    for (auto const line : split(*table, '\n')) {
        auto const fields = split(line, ' ');
        if (fields.size() < 5 || fields[4] != path)
            continue;
        auto const numbers = split(fields[2], ':');
        unsigned first = 0, second = 0;
        for (auto const& [text, into] :
            {std::pair(numbers.front(), &first), {numbers.back(), &second}})
            std::from_chars(text.data(), text.data() + text.size(), *into);
        device = makedev(first, second); // the last one mounted covers those before
    }
    return device;
}

} // namespace osh::sys
