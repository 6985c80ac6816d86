#include "launcher/init/process_facts.h"

#include "launcher/init/socket_holders.h"
#include "launcher/sys/channel.h"
#include "launcher/sys/io.h"
#include "launcher/sys/proc_view.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace osh::launcher
{
namespace
{

sys::Fd proc()
{
    return *sys::open_path("/proc", O_PATH | O_DIRECTORY);
}

sys::Fd a_socket()
{
    return sys::Fd::adopt_raw_fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
}

std::uint64_t inode_of(sys::Fd const& socket)
{
    struct stat status {
    };
    ::fstat(socket.raw(), &status);
    return status.st_ino;
}

SocketSearch search_for(sys::Fd const& socket, policy::OwnerDepth depth)
{
    SocketHolders holders;
    std::vector<SocketSearch> searches{{inode_of(socket), depth, {}, true}};
    holders.find(proc(), searches);
    return searches.front();
}

// A child that does nothing but live, until it is out of scope.
class Child
{
public:
    Child() : pid_(::fork())
    {
        while (pid_ == 0)
            ::pause();
    }
    ~Child()
    {
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    Child(Child const&) = delete;
    Child& operator=(Child const&) = delete;
    std::int32_t pid() const { return pid_; }

private:
    pid_t pid_;
};

} // namespace

TEST(Preloads, AreFoundWhereTheyHaveAValue)
{
    using namespace std::string_view_literals;
    EXPECT_TRUE(names_preloads("A=1\0LD_PRELOAD=/tmp/x.so\0"sv));
    EXPECT_TRUE(names_preloads("LD_AUDIT=/tmp/x.so\0B=2"sv));
    EXPECT_FALSE(names_preloads("A=LD_PRELOAD=x\0XLD_PRELOAD=y\0LD_PRELOAD=\0"sv));
    EXPECT_FALSE(names_preloads(""));
}

TEST(SocketHolders, AreAllProcessesWhereItMatters)
{
    auto const socket = a_socket();
    Child const child;
    auto search = search_for(socket, policy::OwnerDepth::Proven);
    std::ranges::sort(search.pids);
    std::vector<std::int32_t> expected{::getpid(), child.pid()};
    std::ranges::sort(expected);
    EXPECT_EQ(search.pids, expected);
    EXPECT_TRUE(search.is_complete);
    EXPECT_EQ(search_for(socket, policy::OwnerDepth::Shown).pids.size(), 1u);
}

TEST(SocketHolders, AreNobodyForASocketThatIsClosed)
{
    std::vector<SocketSearch> searches{{UINT64_MAX, policy::OwnerDepth::Proven, {}, true}};
    SocketHolders().find(proc(), searches);
    EXPECT_TRUE(searches.front().pids.empty());
}

TEST(SocketHolders, AThreadCannotHideASocketInATableOfItsOwn)
{
    auto socket = a_socket();
    auto const inode = inode_of(socket);
    std::atomic<bool> is_hidden = false, is_over = false;
    std::thread hider([&] {
        ASSERT_EQ(::unshare(CLONE_FILES), 0);
        is_hidden = true;
        is_hidden.notify_all();
        is_over.wait(false);
    });
    is_hidden.wait(false);
    socket.reset(); // the process's own table has it no more
    std::vector<SocketSearch> searches{{inode, policy::OwnerDepth::Proven, {}, true}};
    SocketHolders().find(proc(), searches);
    EXPECT_EQ(searches.front().pids, std::vector<std::int32_t>{::getpid()});
    is_over = true;
    is_over.notify_all();
    hider.join();
}

TEST(SocketHolders, SeeThatADescriptorTravelsButOnlyWhereTheyAreToldToLook)
{
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()), 0);
    auto const near = sys::Fd::adopt_raw_fd(ends[0]), far = sys::Fd::adopt_raw_fd(ends[1]);
    auto const does_travel = [&](CarrierSearch carriers) {
        SocketHolders().find(proc(), {}, carriers);
        return carriers.has_found;
    };
    EXPECT_FALSE(does_travel({{inode_of(far)}}));
    ASSERT_TRUE(sys::send_message(near, bytes_of("x"), {&near}).ok());
    EXPECT_TRUE(does_travel({{inode_of(far)}}));
    EXPECT_FALSE(does_travel({{inode_of(near)}}));
    EXPECT_FALSE(does_travel({}));
    EXPECT_TRUE(does_travel({{}, true}));
}

TEST(SocketHolders, MoreThanCanBeToldAreNotAllOfThem)
{
    auto const socket = a_socket();
    std::array<Child, policy::kMaxHolders> const children;
    EXPECT_FALSE(search_for(socket, policy::OwnerDepth::Proven).is_complete);
}

TEST(ProcessBook, KnowsThisProgramTheSameTwice)
{
    ProcessBook book;
    auto const here = proc();
    auto const first = book.facts_of(here, ::getpid(), policy::OwnerDepth::Proven);
    auto const again = book.facts_of(here, ::getpid(), policy::OwnerDepth::Shown);
    ASSERT_TRUE(first && again);
    EXPECT_EQ(first->identity.exe, sys::read_link(here, "self/exe"));
    EXPECT_EQ(again->identity.exe, first->identity.exe);
    EXPECT_EQ(again->identity.command_line, first->identity.command_line);
    EXPECT_EQ(first->parent, ::getppid());
    EXPECT_FALSE(first->identity.is_deleted || first->identity.is_changed);
    EXPECT_FALSE(book.facts_of(here, 0x3fffffff, policy::OwnerDepth::Proven));
}

TEST(ProcessBook, SeesAnotherProgramInTheSameProcess)
{
    ProcessBook book;
    auto const here = proc();
    std::array<int, 2> pipe{};
    ASSERT_EQ(::pipe2(pipe.data(), O_CLOEXEC), 0);
    pid_t const child = ::fork();
    if (child == 0) {
        char byte = 0;
        if (::read(pipe[0], &byte, 1) == 1)
            ::execl("/bin/sleep", "sleep", "60", nullptr);
        ::_exit(1);
    }
    auto const before = book.facts_of(here, child, policy::OwnerDepth::Shown);
    ASSERT_EQ(::write(pipe[1], "x", 1), 1);
    auto after = before;
    for (int i = 0; i < 100'000 && after->identity.command_line != "sleep 60"; ++i) {
        ::sched_yield();
        if (auto found = book.facts_of(here, child, policy::OwnerDepth::Shown))
            after = found;
    }
    EXPECT_EQ(after->identity.start_time, before->identity.start_time);
    EXPECT_NE(after->identity.inode, before->identity.inode);
    EXPECT_EQ(after->identity.command_line, "sleep 60");
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    ::close(pipe[0]);
    ::close(pipe[1]);
}

} // namespace osh::launcher
