// Whole files: what is not a file, or not one version of it, is an error.

#include "launcher/sys/io.h"
#include "launcher/sys/replace_file.h"

#include <atomic>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <thread>

namespace osh::sys
{
namespace
{

std::string fresh_folder()
{
    std::string name = testing::TempDir() + "osh-read-XXXXXX";
    return mkdtemp(name.data()) ? name : std::string();
}

TEST(ReadFile, AFileThatChangesWhileItIsReadIsAnError)
{
    std::string const folder = fresh_folder();
    std::string const path = folder + "/policy.yaml";
    std::ofstream(path) << std::string(4'000'000, '#');
    std::atomic<bool> is_over = false;
    std::thread writer([&] {
        std::ofstream file(path, std::ios::app);
        while (!is_over)
            file << "version: 1\n" << std::flush;
    });
    bool was_seen = false;
    for (int i = 0; i < 100 && !was_seen; ++i) {
        auto const text = read_file(path, 1'000'000'000);
        was_seen = !text.ok() && text.error().code == Errc::Busy;
        if (was_seen) {
            EXPECT_EQ(text.error().sentence, path + " changed while it was read; try again");
        }
    }
    is_over = true;
    writer.join();
    EXPECT_TRUE(was_seen);
    EXPECT_TRUE(read_file(path, 1'000'000'000).ok());
    std::filesystem::remove_all(folder);
}

TEST(ReplaceFile, RefusesALinkAndLeavesItsTargetAlone)
{
    std::string const folder = fresh_folder();
    std::ofstream(folder + "/target") << "old";
    std::filesystem::create_symlink("target", folder + "/link");
    EXPECT_FALSE(replace_file(folder + "/link", "new").ok());
    auto const text = read_file(folder + "/target", 100);
    ASSERT_TRUE(text.ok());
    EXPECT_EQ(*text, "old");
    EXPECT_TRUE(replace_file(folder + "/target", "new").ok());
    EXPECT_EQ(*read_file(folder + "/target", 100), "new");
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace osh::sys
