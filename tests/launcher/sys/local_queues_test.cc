#include "launcher/sys/local_queues.h"

#include "launcher/sys/fd.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

struct Pair {
    explicit Pair(int type)
    {
        std::array<int, 2> ends{};
        EXPECT_EQ(::socketpair(AF_UNIX, type, 0, ends.data()), 0);
        near = Fd::adopt_raw_fd(ends[0]);
        far = Fd::adopt_raw_fd(ends[1]);
    }
    Fd near, far;
};

std::uint64_t inode_of(Fd const& fd)
{
    struct stat status {
    };
    ::fstat(fd.raw(), &status);
    return status.st_ino;
}

bool is_filled(Fd const& fd)
{
    auto const queues = local_queues();
    EXPECT_TRUE(queues.ok());
    return queues.ok() && std::ranges::find(queues->filled, inode_of(fd)) != queues->filled.end();
}

} // namespace

TEST(LocalQueues, AStreamIsFilledWhileBytesWaitInIt)
{
    Pair const pair(SOCK_STREAM);
    EXPECT_FALSE(is_filled(pair.far));
    EXPECT_EQ(::write(pair.near.raw(), "x", 1), 1);
    EXPECT_TRUE(is_filled(pair.far));
    EXPECT_FALSE(is_filled(pair.near));
    char byte = 0;
    EXPECT_EQ(::read(pair.far.raw(), &byte, 1), 1);
    EXPECT_FALSE(is_filled(pair.far));
}

TEST(LocalQueues, DatagramsMayCarryWithoutAByte)
{
    for (int const type : {SOCK_DGRAM, SOCK_SEQPACKET}) {
        Pair const pair(type);
        EXPECT_TRUE(is_filled(pair.near));
    }
}

TEST(LocalQueues, AConnectionThatNobodyAcceptedIsSeenAtItsListener)
{
    auto const listener = Fd::adopt_raw_fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    sockaddr_un name{};
    name.sun_family = AF_UNIX; // and no name: the kernel chooses an abstract one
    auto* const address = static_cast<sockaddr*>(static_cast<void*>(&name));
    ASSERT_EQ(::bind(listener.raw(), address, sizeof(sa_family_t)), 0);
    ASSERT_EQ(::listen(listener.raw(), 1), 0);
    socklen_t size = sizeof name;
    ASSERT_EQ(::getsockname(listener.raw(), address, &size), 0);
    auto const caller = Fd::adopt_raw_fd(::socket(AF_UNIX, SOCK_STREAM, 0));
    ASSERT_EQ(::connect(caller.raw(), address, size), 0);
    auto const queues = local_queues();
    ASSERT_TRUE(queues.ok());
    EXPECT_TRUE(queues->has_backlog);
}

} // namespace osh::sys
