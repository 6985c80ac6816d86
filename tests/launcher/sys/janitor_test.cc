// Folders that show by a lock whether their maker lives, and the process that removes them.

#include "launcher/sys/janitor.h"

#include "launcher/seccomp/programs.h"
#include "launcher/sys/folder.h"
#include "launcher/sys/io.h"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>

namespace osh::sys
{
namespace
{

class LockedFolder : public ::testing::Test
{
protected:
    LockedFolder()
    {
        EXPECT_NE(::mkdtemp(path_.data()), nullptr);
        parent_ = *open_path(path_, O_RDONLY | O_DIRECTORY);
    }
    ~LockedFolder() override { std::filesystem::remove_all(path_); }

    std::string path_ = ::testing::TempDir() + "osh-folder-XXXXXX";
    Fd parent_;
};

TEST_F(LockedFolder, IsNotSweptWhileItsMakerLives)
{
    auto const folder = make_locked_folder(parent_, "abc");
    ASSERT_TRUE(folder.ok());
    remove_unlocked_folder(parent_, "abc", "ctl.sock");
    EXPECT_TRUE(std::filesystem::exists(path_ + "/abc"));
    EXPECT_FALSE(std::filesystem::exists(path_ + "/.abc"));
}

TEST_F(LockedFolder, IsSweptWithItsFileWhenTheMakerIsGone)
{
    {
        auto const folder = make_locked_folder(parent_, "abc");
        ASSERT_TRUE(folder.ok());
        ASSERT_TRUE(open_in(*folder, "ctl.sock", O_CREAT | O_WRONLY, 0600).ok());
    }
    remove_unlocked_folder(parent_, "abc", "ctl.sock");
    EXPECT_FALSE(std::filesystem::exists(path_ + "/abc"));
}

TEST_F(LockedFolder, DoesNotReplaceOneOfTheSameName)
{
    auto const first = make_locked_folder(parent_, "abc");
    auto const second = make_locked_folder(parent_, "abc");
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, Errc::Busy);
    EXPECT_TRUE(std::filesystem::exists(path_ + "/abc"));
    EXPECT_FALSE(std::filesystem::exists(path_ + "/.abc"));
}

TEST_F(LockedFolder, KeepsWhatSomebodyElsePutThere)
{
    std::filesystem::create_directory(path_ + "/abc");
    ASSERT_TRUE(open_in(parent_, "abc/other", O_CREAT | O_WRONLY, 0600).ok());
    remove_unlocked_folder(parent_, "abc", "ctl.sock");
    EXPECT_TRUE(std::filesystem::exists(path_ + "/abc/other"));
}

TEST_F(LockedFolder, TheJanitorRemovesIt)
{
    auto janitor = Janitor::start({parent_, "abc", "ctl.sock", launcher::supervisor_filter()});
    ASSERT_TRUE(janitor.ok());
    auto folder = make_locked_folder(parent_, "abc");
    ASSERT_TRUE(folder.ok());
    folder->reset();
    *janitor = Janitor(); // waits for it
    EXPECT_FALSE(std::filesystem::exists(path_ + "/abc"));
}

TEST_F(LockedFolder, TheJanitorLeavesTheFolderOfALivingSession)
{
    auto const other = make_locked_folder(parent_, "abc");
    {
        auto const janitor =
            Janitor::start({parent_, "abc", "ctl.sock", launcher::supervisor_filter()});
        ASSERT_TRUE(janitor.ok());
    }
    EXPECT_TRUE(std::filesystem::exists(path_ + "/abc"));
}

} // namespace
} // namespace osh::sys
