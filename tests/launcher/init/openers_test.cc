#include "launcher/init/openers.h"

#include "launcher/sys/fd.h"

#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace osh::launcher
{
namespace
{

class OpenersTest : public testing::Test
{
protected:
    using Word = Openers::Word;

    static sys::Fd socket_of_nobody()
    {
        return sys::Fd::adopt_raw_fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    }

    static std::uint64_t inode_of(sys::Fd const& socket)
    {
        struct stat status {
        };
        ::fstat(socket.raw(), &status);
        return status.st_ino;
    }

    void hear(std::int32_t thread, sys::Fd const& socket)
    {
        openers_.look(proc_, thread, socket.raw());
        openers_.stands();
    }

    sys::Fd proc_ = sys::Fd::adopt_raw_fd(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    sys::Fd socket_ = socket_of_nobody();
    std::uint64_t inode_ = inode_of(socket_);
    Openers openers_;
};

TEST_F(OpenersTest, AreUnknownUntilTheyAreHeard)
{
    EXPECT_EQ(openers_.who_opened(inode_).word, Word::Unknown);
    openers_.settle(inode_);
    EXPECT_EQ(openers_.who_opened(inode_).word, Word::Unknown);
}

TEST_F(OpenersTest, AreTheProcessOfTheThreadThatCalls)
{
    std::thread([&] { hear(::gettid(), socket_); }).join();
    auto const said = openers_.who_opened(inode_);
    EXPECT_EQ(said.word, Word::Open);
    EXPECT_EQ(said.opener, opener_at(proc_, ::getpid()));
}

TEST_F(OpenersTest, CountOnlyIfTheCallStillWaited)
{
    auto const other = socket_of_nobody();
    openers_.look(proc_, ::gettid(), socket_.raw());
    openers_.look(proc_, ::gettid(), other.raw());
    openers_.stands();
    openers_.stands();
    EXPECT_EQ(openers_.who_opened(inode_).word, Word::Unknown);
    EXPECT_EQ(openers_.who_opened(inode_of(other)).word, Word::Open);
}

TEST_F(OpenersTest, NeedNotBeThereAfterTheFirstJudgementUntilItIsOpenedAnew)
{
    hear(::gettid(), socket_);
    openers_.settle(inode_);
    EXPECT_EQ(openers_.who_opened(inode_).word, Word::Settled);
    hear(::gettid(), socket_);
    EXPECT_EQ(openers_.who_opened(inode_).word, Word::Open);
}

TEST_F(OpenersTest, AreNobodyWhenTwoProcessesOpenOne)
{
    pid_t const child = ::fork();
    if (child == 0) {
        ::pause();
        ::_exit(0);
    }
    hear(::gettid(), socket_);
    hear(child, socket_);
    EXPECT_EQ(openers_.who_opened(inode_).word, Word::Unknown);
    hear(child, socket_);
    EXPECT_EQ(openers_.who_opened(inode_).word, Word::Unknown) << "who was first is not known";
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    EXPECT_FALSE(opener_at(proc_, child));
}

TEST_F(OpenersTest, OfWhatIsNoSocketAreNotKept)
{
    openers_.look(proc_, ::gettid(), proc_.raw());
    openers_.look(proc_, ::gettid(), -1);
    openers_.stands();
    EXPECT_EQ(openers_.who_opened(inode_of(proc_)).word, Word::Unknown);
}

TEST_F(OpenersTest, OfTheLatestSocketsAreKept)
{
    hear(::gettid(), socket_);
    for (std::size_t i = 0; i < kMaxOpened; ++i) {
        auto const other = socket_of_nobody();
        hear(::gettid(), other);
        EXPECT_EQ(openers_.who_opened(inode_of(other)).word, Word::Open);
    }
    EXPECT_EQ(openers_.who_opened(inode_).word, Word::Unknown);
}

TEST_F(OpenersTest, AreReadFromTheStatusOfAThread)
{
    EXPECT_EQ(parse_process("Name:\ta\nUmask:\t0022\nTgid:\t17\nNgid:\t0\n"), 17);
    EXPECT_EQ(parse_process("Name:\tTgid:\t5\nTgid:\t17\nNgid:\t0\n"), 17);
    for (auto const* text : {"", "Tgid:\t17\n", "\nTgid:\t17", "\nTgid:\t1\n", "\nTgid:\t0\n",
             "\nTgid:\t-4\n", "\nTgid:\tx\n", "\nTgid:\t99999999999\n", "\nTgid:\t17 \n"})
        EXPECT_FALSE(parse_process(text)) << text;
}

} // namespace
} // namespace osh::launcher
