#include "launcher/sys/local_sockets.h"

#include "launcher/sys/io.h"
#include "launcher/sys/local_socket.h"
#include "launcher/sys/mount.h"

#include <cstdlib>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

class LocalSockets : public testing::Test
{
protected:
    LocalSockets()
    {
        char name[] = "/tmp/osh-sockets-XXXXXX";
        folder_ = ::mkdtemp(name);
        path_ = folder_ + "/s";
    }
    ~LocalSockets() override
    {
        ::unlink(path_.c_str());
        ::rmdir(folder_.c_str());
    }
    Result<Fd> listener() const
    {
        LET(folder, open_path(folder_, O_PATH | O_DIRECTORY));
        return listen_in(folder, "s");
    }
    Result<Fd> place() const { return look_up(path_, Links::Refuse); }

    std::string folder_, path_;
};

TEST_F(LocalSockets, LiveAsLongAsTheyAreOpen)
{
    auto socket = listener();
    ASSERT_TRUE(socket.ok());
    auto const place = this->place();
    ASSERT_TRUE(place.ok());
    EXPECT_TRUE(*is_socket_alive(*place));
    EXPECT_FALSE(*accept_one(*socket)) << "the question made a connection";
    socket->reset();
    EXPECT_FALSE(*is_socket_alive(*place));
}

TEST_F(LocalSockets, AreKnownByTheirFile)
{
    auto const socket = listener();
    ASSERT_TRUE(socket.ok());
    auto const place = this->place();
    ASSERT_TRUE(place.ok());
    auto const kind = kind_of(*place);
    ASSERT_TRUE(kind.ok());
    auto const bound = bound_sockets();
    if (!bound.ok())
        GTEST_SKIP() << "this kernel has no unix_diag: " << bound.error().sentence;
    EXPECT_TRUE(bound->contains(socket_file(kind->device, kind->inode)));
    EXPECT_FALSE(bound->contains(socket_file(kind->device, kind->inode + 1)));
}

TEST_F(LocalSockets, AreNotConnectedToUnlessTheyAreSockets)
{
    ASSERT_TRUE(open_path(path_, O_WRONLY | O_CREAT, 0600).ok());
    auto const refused = connect_to(path_);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Errc::Denied);
    auto const place = this->place();
    ASSERT_TRUE(place.ok());
    EXPECT_FALSE(*is_socket_alive(*place));
}

TEST_F(LocalSockets, AreConnectedToWithoutFollowingLinks)
{
    auto const socket = listener();
    ASSERT_TRUE(socket.ok());
    EXPECT_TRUE(connect_to(path_).ok());
    std::string const link = folder_ + "/link";
    ASSERT_EQ(::symlink("s", link.c_str()), 0);
    EXPECT_FALSE(connect_to(link).ok());
    ::unlink(link.c_str());
}

} // namespace
} // namespace osh::sys
