// netlink(7): requests and acknowledgements.

#include "launcher/sys/netlink.h"

#include <cerrno>
#include <sys/socket.h>

namespace osh::sys
{

NetlinkMessage::NetlinkMessage(std::uint16_t type, std::uint16_t flags)
{
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    append(header);
}

std::byte* NetlinkMessage::reserve(std::size_t count)
{
    std::size_t const padded = NLMSG_ALIGN(count);
    OSH_CHECK(used_ + padded <= kCapacity);
    std::byte* const place = buffer_.data() + used_;
    used_ += padded;
    return place;
}

void NetlinkMessage::attribute(std::uint16_t type, Bytes value)
{
    nlattr header{};
    header.nla_len = static_cast<std::uint16_t>(NLA_HDRLEN + value.size());
    header.nla_type = type;
    append(header);
    if (!value.empty())
        std::memcpy(reserve(value.size()), value.data(), value.size());
}

void NetlinkMessage::attribute(std::uint16_t type, std::uint32_t value)
{
    attribute(type, std::as_bytes(std::span(&value, 1)));
}

std::size_t NetlinkMessage::begin_nested(std::uint16_t type)
{
    std::size_t const begin = used_;
    nlattr header{};
    header.nla_type = type;
    append(header);
    return begin;
}

void NetlinkMessage::end_nested(std::size_t begin)
{
    nlattr header{};
    std::memcpy(&header, buffer_.data() + begin, sizeof header);
    header.nla_len = static_cast<std::uint16_t>(used_ - begin);
    std::memcpy(buffer_.data() + begin, &header, sizeof header);
}

Bytes NetlinkMessage::finish()
{
    auto const length = static_cast<std::uint32_t>(used_);
    std::memcpy(buffer_.data() + offsetof(nlmsghdr, nlmsg_len), &length, sizeof length);
    return Bytes(buffer_.data(), used_);
}

Result<Fd> open_netlink(int protocol)
{
    Fd socket = Fd::adopt_raw_fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol));
    if (!socket.is_open())
        return fail_errno(errno, "cannot open a netlink socket");
    return socket;
}

Result<> request_acknowledged(Fd const& socket, NetlinkMessage& message)
{
    Bytes const bytes = message.finish();
    if (::send(socket.raw(), bytes.data(), bytes.size(), 0) < 0)
        return fail_errno(errno, "netlink send");
    alignas(nlmsghdr) std::array<std::byte, 4096> answer{};
    ssize_t const count = ::recv(socket.raw(), answer.data(), answer.size(), 0);
    if (count < static_cast<ssize_t>(sizeof(nlmsghdr) + sizeof(nlmsgerr)))
        return fail_errno(count < 0 ? errno : EPROTO, "netlink answer");
    nlmsghdr header{};
    nlmsgerr status{};
    std::memcpy(&header, answer.data(), sizeof header);
    std::memcpy(&status, answer.data() + NLMSG_HDRLEN, sizeof status);
    if (header.nlmsg_type != NLMSG_ERROR)
        return fail(Errc::Malformed, "netlink: the kernel answered with something else");
    if (status.error != 0)
        return fail_errno(-status.error, "netlink request refused");
    return {};
}

} // namespace osh::sys
