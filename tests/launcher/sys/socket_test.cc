#include "launcher/sys/socket.h"

#include <array>
#include <cerrno>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

int discovery_of(Fd const& socket)
{
    int how = -1;
    socklen_t size = sizeof how;
    EXPECT_EQ(::getsockopt(socket.raw(), IPPROTO_IP, IP_MTU_DISCOVER, &how, &size), 0);
    return how;
}

TEST(SetCutting, SaysWhetherTheKernelMayCutADatagram)
{
    auto const socket = start_datagrams(*IpAddress::parse("127.0.0.1"), 9);
    ASSERT_TRUE(socket.ok()) << socket.error().sentence;
    ASSERT_TRUE(set_cutting(*socket, Cutting::No).ok());
    EXPECT_EQ(discovery_of(*socket), IP_PMTUDISC_DO);
    ASSERT_TRUE(set_cutting(*socket, Cutting::Yes).ok());
    EXPECT_EQ(discovery_of(*socket), IP_PMTUDISC_WANT);
}

TEST(SetCutting, FailsWhereItCannotBeSaid)
{
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe(ends.data()), 0);
    auto const reading = Fd::adopt_raw_fd(ends[0]);
    auto const writing = Fd::adopt_raw_fd(ends[1]);
    auto const set = set_cutting(writing, Cutting::No);
    ASSERT_FALSE(set.ok());
    EXPECT_EQ(set.error().sys_errno, ENOTSOCK);
}

} // namespace
} // namespace osh::sys
