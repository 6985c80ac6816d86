// A made-up session: its folder, an upper layer as overlayfs leaves it (whiteouts, opaque
// directories), and a project; without a sandbox.

#include "launcher/changes/apply.h"
#include "launcher/changes/find.h"
#include "launcher/sys/tree_calls.h"

#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sstream>
#include <sys/stat.h>
#include <sys/xattr.h>

namespace osh::launcher
{
namespace
{

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

class Changes : public testing::Test
{
protected:
    void SetUp() override
    {
        std::string pattern = testing::TempDir() + "osh-changes-XXXXXX";
        top_ = ::mkdtemp(pattern.data());
        fs::create_directories(project());
        write(project() / "kept", "old");
        write(project() / "gone", "old");
        write(project() / "dir/inner", "old");
    }
    void TearDown() override { fs::remove_all(top_); }

    // What lies in the project by now is older than the session.
    void begin()
    {
        AboutChanges about;
        about.session = "abc123";
        about.project = project();
        about.protect = {".vscode"};
        auto folder = make_changes(parent(), std::move(about));
        ASSERT_TRUE(folder.ok()) << folder.error().sentence;
        lock_ = *std::move(folder);
    }
    void end() { lock_.reset(); }

    fs::path project() const { return top_ / "project"; }
    std::string parent() const { return top_ / "state/changes"; }
    fs::path upper() const { return fs::path(parent()) / "abc123/upper"; }

    // Until the file system's clock, which ticks in milliseconds, has gone on.
    void wait_for_a_tick() const
    {
        auto const place = sys::open_here(top_, O_RDONLY | O_DIRECTORY);
        auto const began = sys::examine_entry(place.fd, "state/changes/abc123/upper").changed_ns;
        constexpr std::int64_t kMicrosecond = 1000;
        do
            write(top_ / "tick", "x");
        while (sys::examine_entry(place.fd, "tick").changed_ns - began < 2 * kMicrosecond);
    }

    static void write(fs::path const& path, std::string const& text)
    {
        fs::create_directories(path.parent_path());
        std::ofstream(path) << text;
    }
    static std::string text(fs::path const& path)
    {
        std::ostringstream out;
        out << std::ifstream(path).rdbuf();
        return out.str();
    }
    void whiteout(char const* name) { ASSERT_EQ(::mknod((upper() / name).c_str(), S_IFCHR, 0), 0); }
    void opaque(char const* name)
    {
        fs::create_directories(upper() / name);
        if (::setxattr((upper() / name).c_str(), "user.overlay.opaque", "y", 1, 0) != 0)
            GTEST_SKIP() << "no extended attributes of users in " << top_;
    }

    std::vector<std::string> listed() const
    {
        auto const kept = open_changes(parent(), "abc123", Use::Look);
        std::vector<std::string> lines;
        for (auto const& change : find_changes(*kept, kMaxChanges).changes)
            lines.push_back(std::string(1, static_cast<char>(change.kind)) + " " + change.path
                            + (change.conflict.empty() ? "" : " !"));
        return lines;
    }
    ApplyOutcome apply(ApplyWish const& wish = {}) const
    {
        auto const kept = open_changes(parent(), "abc123", Use::Change);
        return apply_changes(*kept, find_changes(*kept, kMaxChanges), wish);
    }

    fs::path top_;
    sys::Fd lock_;
};

TEST_F(Changes, AreTheUpperLayerAgainstTheProject)
{
    begin();
    write(upper() / "kept", "new");
    write(upper() / "dir/inner", "old"); // copied up, and the same
    write(upper() / "new/file", "new");
    whiteout("gone");
    whiteout("never-there");
    EXPECT_THAT(listed(), ElementsAre("D gone", "M kept", "A new", "A new/file"));
}

TEST_F(Changes, AnOpaqueDirectoryHidesWhatIsNotInIt)
{
    write(project() / "dir/other", "old");
    begin();
    opaque("dir");
    write(upper() / "dir/inner", "new");
    EXPECT_THAT(listed(), ElementsAre("M dir/inner", "D dir/other"));
    ApplyWish wish;
    wish.paths = {"dir/inner"};
    end();
    EXPECT_THAT(apply(wish).left, IsEmpty());
    EXPECT_EQ(text(project() / "dir/inner"), "new");
    EXPECT_THAT(listed(), ElementsAre("D dir/other")); // and not what was applied
    apply();
    EXPECT_FALSE(fs::exists(project() / "dir/other"));
    EXPECT_THAT(listed(), IsEmpty());
}

TEST_F(Changes, AreNotAppliedWhileTheSessionLives)
{
    begin();
    auto const busy = open_changes(parent(), "abc123", Use::Change);
    ASSERT_FALSE(busy.ok());
    EXPECT_EQ(busy.error().code, Errc::Busy);
    EXPECT_TRUE(open_changes(parent(), "abc123", Use::Look).ok());
    end();
    EXPECT_TRUE(open_changes(parent(), "abc123", Use::Change).ok());
}

TEST_F(Changes, WhatChangedOutsideSinceIsAConflict)
{
    begin();
    write(upper() / "kept", "in");
    whiteout("dir");
    wait_for_a_tick();
    write(project() / "kept", "out");
    write(project() / "dir/late", "out");
    end();
    EXPECT_THAT(listed(), ElementsAre("D dir !", "M kept !"));
    EXPECT_EQ(apply().left.size(), 2U);
    EXPECT_EQ(text(project() / "kept"), "out");
    ApplyWish force;
    force.conflicts = Conflicts::Override;
    EXPECT_THAT(apply(force).left, IsEmpty());
    EXPECT_EQ(text(project() / "kept"), "in");
    EXPECT_FALSE(fs::exists(project() / "dir"));
}

TEST_F(Changes, ATrialChangesNothing)
{
    begin();
    write(upper() / "kept", "new");
    end();
    ApplyWish trial;
    trial.is_trial = true;
    EXPECT_EQ(apply(trial).applied.size(), 1U);
    EXPECT_EQ(text(project() / "kept"), "old");
    EXPECT_THAT(listed(), ElementsAre("M kept"));
}

TEST_F(Changes, OfAProjectThatIsGoneCanOnlyBeDiscarded)
{
    begin();
    write(upper() / "kept", "new");
    end();
    fs::rename(project(), top_ / "elsewhere");
    fs::create_directories(project());
    auto const apply = open_changes(parent(), "abc123", Use::Change);
    ASSERT_FALSE(apply.ok());
    EXPECT_EQ(apply.error().code, Errc::NotFound);
    auto const discard = open_changes(parent(), "abc123", Use::Discard);
    ASSERT_TRUE(discard.ok());
    EXPECT_TRUE(remove_changes(*discard).ok());
    EXPECT_THAT(kept_changes(parent()), IsEmpty());
}

TEST_F(Changes, ASessionThatWroteNothingLeavesNothing)
{
    begin();
    tidy_changes(parent(), "abc123");
    EXPECT_EQ(kept_changes(parent()).size(), 1U); // it lives
    end();
    tidy_changes(parent(), "abc123");
    EXPECT_TRUE(fs::is_empty(parent()));
}

TEST_F(Changes, AreCountedForTheSummary)
{
    begin();
    write(upper() / "kept", "new");
    write(upper() / "new/a", "new");
    whiteout("dir");
    auto const counts = count_changes(parent(), "abc123");
    EXPECT_EQ(words_of(counts), "1 added, 1 changed, 1 deleted");
}

TEST(RemoveTree, RemovesWhatIsDeeperThanDescriptorsReach)
{
    std::string pattern = testing::TempDir() + "osh-deep-XXXXXX";
    fs::path const top = ::mkdtemp(pattern.data());
    fs::path path = top / "tree";
    for (int i = 0; i < 200; ++i)
        path /= "d";
    fs::create_directories(path);
    fs::permissions(path.parent_path(), fs::perms::none);
    auto const parent = sys::open_here(top, O_RDONLY | O_DIRECTORY);
    EXPECT_EQ(sys::remove_tree({parent.fd, "tree"}), 0);
    EXPECT_TRUE(fs::is_empty(top));
    fs::remove_all(top);
}

} // namespace
} // namespace osh::launcher
