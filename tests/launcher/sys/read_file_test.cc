// Whole files: what is not a file, or not one version of it, is an error.

#include "launcher/sys/io.h"
#include "launcher/sys/replace_file.h"

#include <atomic>
#include <fcntl.h>
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

TEST(ReadAll, GivesEveryByteUpToTheLimitAndRefusesMore)
{
    std::string const folder = fresh_folder();
    std::string const path = folder + "/bytes";
    for (std::size_t const size : {0U, 1U, 4095U, 4096U, 4097U, 70'000U, 300'000U}) {
        std::string bytes(size, 'a');
        for (std::size_t i = 0; i < size; ++i)
            bytes[i] = static_cast<char>('a' + i % 23);
        std::ofstream(path) << bytes;
        auto const all = read_all(*open_path(path, O_RDONLY), size);
        ASSERT_TRUE(all.ok()) << size;
        EXPECT_TRUE(*all == bytes) << size;
        if (size > 0) {
            EXPECT_EQ(read_all(*open_path(path, O_RDONLY), size - 1).error().code, Errc::TooLarge);
        }
    }
    std::filesystem::remove_all(folder);
}

// Their size is said to be 0, or nothing at all.
TEST(ReadAll, ReadsWhatHasNoSize)
{
    auto const maps = read_all(*open_path("/proc/self/smaps", O_RDONLY), 100'000'000);
    ASSERT_TRUE(maps.ok());
    EXPECT_GT(maps->size(), 4096U);
    EXPECT_TRUE(maps->ends_with('\n'));
    EXPECT_EQ(read_all(*open_path("/dev/zero", O_RDONLY), 50'000).error().code, Errc::TooLarge);
}

TEST(CopyAll, CopiesToTheEndUpToTheLimitAndAppendsAfterwards)
{
    std::string const folder = fresh_folder();
    std::string const bytes(220'000, 'x');
    std::ofstream(folder + "/from") << bytes;
    auto const into = open_path(folder + "/into", O_WRONLY | O_CREAT | O_EXCL, 0600);
    ASSERT_TRUE(copy_all(*open_path(folder + "/from", O_RDONLY), *into, bytes.size()).ok());
    ASSERT_TRUE(write_all(*into, "end").ok());
    EXPECT_TRUE(*read_file(folder + "/into", 1'000'000) == bytes + "end");
    auto const less = open_path(folder + "/less", O_WRONLY | O_CREAT | O_EXCL, 0600);
    auto const refused = copy_all(*open_path(folder + "/from", O_RDONLY), *less, bytes.size() - 1);
    EXPECT_EQ(refused.error().code, Errc::TooLarge);
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
