#include "launcher/init/ending.h"

#include "launcher/sys/fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <string>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace osh::launcher
{
namespace
{

std::string stat_line(std::string const& name, std::string const& state, std::uint32_t flags)
{
    return "12 (" + name + ") " + state + " 1 12 12 0 -1 " + std::to_string(flags) + " 0 0 0 0\n";
}

sys::Fd proc()
{
    return sys::Fd::adopt_raw_fd(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

TEST(Ending, IsReadFromTheStateAndTheFlags)
{
    EXPECT_FALSE(tells_of_an_end(stat_line("sh", "S", 0x400100)));
    EXPECT_FALSE(tells_of_an_end(stat_line("sh", "R", 0x400140)));
    EXPECT_TRUE(tells_of_an_end(stat_line("sh", "R", 0x400104)));
    EXPECT_TRUE(tells_of_an_end(stat_line("sh", "D", 0x4)));
    EXPECT_TRUE(tells_of_an_end(stat_line("sh", "Z", 0x40050c)));
    EXPECT_TRUE(tells_of_an_end(stat_line("sh", "X", 0)));
}

TEST(Ending, IsNotReadFromAName)
{
    EXPECT_FALSE(tells_of_an_end(stat_line(") Z 1 1 1 0 -1 4", "S", 0)));
    EXPECT_FALSE(tells_of_an_end(stat_line("Z", "S", 0)));
}

TEST(Ending, IsNotReadFromHalfALine)
{
    for (std::string const half :
        {"", "12", "12 (sh", "12 (sh)", "12 (sh) S", "12 (sh) S 1 12 4", "12 (sh) S 1 12 12 0 -1"})
        EXPECT_FALSE(tells_of_an_end(half)) << half;
}

TEST(Ending, OfAProcessIsSeenUntilItsParentHeardOfIt)
{
    auto const base = proc();
    EXPECT_FALSE(has_process_ended(base, ::getpid()));
    pid_t const child = ::fork();
    if (child == 0)
        ::_exit(0);
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child), &info, WEXITED | WNOWAIT), 0);
    EXPECT_TRUE(has_process_ended(base, child));
    ::waitpid(child, nullptr, 0);
    EXPECT_FALSE(has_process_ended(base, child)); // nothing is known of one that is gone
}

TEST(Ending, OfTheFirstThreadIsNotThatOfTheProcess)
{
    int ends[2] = {};
    ASSERT_EQ(::pipe(ends), 0);
    pid_t const child = ::fork();
    if (child == 0) {
        ::close(ends[1]);
        std::thread([&] {
            char byte = 0;
            (void)!::read(ends[0], &byte, 1);
            ::_exit(0);
        }).detach();
        ::syscall(SYS_exit, 0); // of this thread alone
    }
    ::close(ends[0]);
    auto const base = proc();
    auto const name = std::to_string(child);
    for (int i = 0; i < 1000 && !has_task_ended(base, name); ++i)
        ::usleep(1000);
    EXPECT_TRUE(has_task_ended(base, name));
    EXPECT_FALSE(has_process_ended(base, child));
    ::close(ends[1]);
    ::waitpid(child, nullptr, 0);
}

} // namespace
} // namespace osh::launcher
