#include "launcher/sys/late_close.h"

#include "launcher/sys/spawn.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>

namespace osh::sys
{
namespace
{

constexpr int kPatience = 10'000; // milliseconds; a worker of the kernel does it at once

bool hangs_up(Fd const& reader)
{
    pollfd watched{reader.raw(), POLLIN, 0};
    return ::poll(&watched, 1, kPatience) == 1 && (watched.revents & POLLHUP) != 0;
}

TEST(CloseInBackground, DropsTheLastReference)
{
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe.ok());
    close_in_background(std::move(pipe->write));
    EXPECT_TRUE(hangs_up(pipe->read));
}

TEST(CloseInBackground, LeavesOtherReferencesAlone)
{
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe.ok());
    Fd const copy = Fd::adopt_raw_fd(::fcntl(pipe->write.raw(), F_DUPFD_CLOEXEC, 0));
    close_in_background(std::move(pipe->write));
    pollfd watched{pipe->read.raw(), POLLIN, 0};
    EXPECT_EQ(::poll(&watched, 1, 0), 0);
}

TEST(CloseInBackground, TakesWhatIsNotOpen)
{
    close_in_background(Fd());
}

TEST(LateFd, GivesUpWhatItHeldWhenItEnds)
{
    auto pipe = make_pipe();
    ASSERT_TRUE(pipe.ok());
    {
        LateFd held(std::move(pipe->write));
        LateFd const moved = std::move(held);
        EXPECT_TRUE(moved.fd().is_open());
    }
    EXPECT_TRUE(hangs_up(pipe->read));
}

} // namespace
} // namespace osh::sys
