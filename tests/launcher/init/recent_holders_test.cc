// In a made-up /proc: which process is found first, where one is enough. Each socket has a second
// holder that only a walk would meet, or that a walk in another order would: no time is measured.

#include "launcher/init/socket_holders.h"
#include "launcher/sys/io.h"

#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <string>

namespace osh::launcher
{
namespace
{

namespace fs = std::filesystem;
using policy::OwnerDepth;

constexpr std::int32_t kKeeper = 100, kOther = 200, kNewcomer = 300;
constexpr std::int32_t kFar = 900; // no guess of ours

class RecentHolders : public testing::Test
{
protected:
    void SetUp() override
    {
        std::string pattern = testing::TempDir() + "osh-proc-XXXXXX";
        top_ = ::mkdtemp(pattern.data());
        proc_ = *sys::open_path(top_.c_str(), O_PATH | O_DIRECTORY);
        for (auto const pid : {kKeeper, kOther})
            fs::create_directories(table_of(pid));
    }
    void TearDown() override { fs::remove_all(top_); }

    fs::path table_of(std::int32_t pid) const { return top_ / std::to_string(pid) / "fd"; }
    void hold(std::int32_t pid, std::int32_t number, std::uint64_t inode) const
    {
        fs::create_directories(table_of(pid));
        fs::create_symlink(
            "socket:[" + std::to_string(inode) + "]", table_of(pid) / std::to_string(number));
    }
    void let_go(std::int32_t pid, std::int32_t number) const
    {
        fs::remove(table_of(pid) / std::to_string(number));
    }
    std::vector<std::int32_t> holders_of(std::uint64_t inode, OwnerDepth depth = OwnerDepth::Shown)
    {
        std::vector<SocketSearch> searches{{inode, depth, {}, true}};
        holders_.find(proc_, searches);
        return searches.front().pids;
    }
    // The keeper's socket is known, and then one of the other's, which a walk begins with.
    void begin(std::int32_t number)
    {
        hold(kKeeper, number, 1);
        hold(kOther, 5, 2);
        ASSERT_EQ(holders_of(1), std::vector{kKeeper});
        let_other_come_first();
    }
    void let_other_come_first() { ASSERT_EQ(holders_of(2), std::vector{kOther}); }

    fs::path top_;
    sys::Fd proc_;
    SocketHolders holders_;
};

} // namespace

TEST_F(RecentHolders, AreFoundWithoutAWalkWhenTheyKeepWhatTheyOpened)
{
    begin(40);
    for (std::int32_t i = 1; i < 50; ++i) {
        auto const inode = static_cast<std::uint64_t>(1000 + i);
        hold(kKeeper, 40 + i, inode);
        hold(kOther, kFar + i, inode);
        EXPECT_EQ(holders_of(inode), std::vector{kKeeper}) << i;
        let_other_come_first();
    }
}

TEST_F(RecentHolders, AreFoundWithoutAWalkWhereTheNextNumbersAreInUse)
{
    begin(kMaxGuessReach * 8);
    hold(kKeeper, kMaxGuessReach * 9, 1000);
    hold(kOther, kFar, 1000);
    EXPECT_EQ(holders_of(1000), std::vector{kKeeper});
    let_other_come_first();
    hold(kKeeper, kMaxGuessReach * 8 + 3, 1001);
    hold(kOther, kFar + 1, 1001);
    EXPECT_EQ(holders_of(1001), std::vector{kKeeper}) << "a number that was free below";
}

TEST_F(RecentHolders, AreFoundWithoutAWalkAtANumberTheyHadBefore)
{
    begin(40);
    hold(kKeeper, 600, 1000);
    ASSERT_EQ(holders_of(1000), std::vector{kKeeper});
    let_other_come_first();
    let_go(kKeeper, 40);
    hold(kKeeper, 40, 1001);
    hold(kOther, kFar, 1001);
    EXPECT_EQ(holders_of(1001), std::vector{kKeeper});
}

TEST_F(RecentHolders, WithALongTableAreWalkedAfterAProcessThatJustStarted)
{
    begin(kLongTable);
    hold(kKeeper, 2 * kLongTable, 1000);
    hold(kNewcomer, 3, 1000);
    EXPECT_EQ(holders_of(1000), std::vector{kNewcomer});
    hold(kKeeper, 4 * kLongTable, 1001);
    EXPECT_EQ(holders_of(1001), std::vector{kKeeper}) << "they are walked, too";
}

TEST_F(RecentHolders, AreNotEnoughWhereAllHoldersMustBeKnown)
{
    begin(40);
    hold(kKeeper, 41, 1000);
    hold(kOther, kFar, 1000);
    EXPECT_EQ(holders_of(1000, OwnerDepth::Proven), (std::vector{kOther, kKeeper}));
}

TEST_F(RecentHolders, AreNoLongerFoundOnceTheyAreGone)
{
    begin(40);
    fs::remove_all(top_ / std::to_string(kKeeper));
    hold(kOther, kFar, 1);
    EXPECT_EQ(holders_of(1), std::vector{kOther});
}

} // namespace osh::launcher
