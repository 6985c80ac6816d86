#include "launcher/sys/closed_table.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace osh::sys
{
namespace
{

constexpr std::size_t kEnough = 65536;

// What may trace a process may look at it whether or not it hides its table: here its parent.
class HiddenTable : public ::testing::Test
{
protected:
    void SetUp() override
    {
        ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends_.data()), 0);
        child_ = ::fork();
        if (child_ == 0) {
            ::close(ends_[1]);
            for (;;)
                ::pause();
        }
        proc_ = Fd::adopt_raw_fd(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    }
    void TearDown() override
    {
        ::kill(child_, SIGKILL);
        ::waitpid(child_, nullptr, 0);
        ::close(ends_[0]);
        ::close(ends_[1]);
    }
    static std::uint64_t inode_of(int descriptor)
    {
        struct stat status {
        };
        return ::fstat(descriptor, &status) == 0 ? status.st_ino : 0;
    }

    std::array<int, 2> ends_{};
    pid_t child_ = 0;
    Fd proc_;
};

TEST_F(HiddenTable, ShowsItsSocketsWithTheirNumbers)
{
    std::vector<std::uint64_t> found{inode_of(ends_[1])};
    std::int32_t number = -1;
    bool is_whole = false;
    // Until the child has closed what is not its own.
    for (int i = 0; i < 1000 && std::ranges::count(found, inode_of(ends_[1])) != 0; ++i) {
        found.clear();
        is_whole = for_each_hidden_socket(
            proc_, child_, kEnough, [&](std::uint64_t inode, std::int32_t at) {
                found.push_back(inode);
                number = inode == inode_of(ends_[0]) ? at : number;
                return true;
            });
    }
    EXPECT_TRUE(is_whole);
    EXPECT_EQ(number, ends_[0]);
    EXPECT_EQ(std::ranges::count(found, inode_of(ends_[1])), 0);
}

TEST_F(HiddenTable, IsNotSeenWholeWhereItHasMorePlacesThanMayBeLookedAt)
{
    EXPECT_FALSE(for_each_hidden_socket(proc_, child_, 1, [](auto, auto) { return true; }));
}

TEST_F(HiddenTable, OfNobodyIsNotSeen)
{
    EXPECT_FALSE(for_each_hidden_socket(proc_, 1 << 30, kEnough, [](auto, auto) { return true; }));
}

} // namespace
} // namespace osh::sys
