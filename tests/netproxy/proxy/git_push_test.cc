#include "netproxy/proxy/git_push.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace osh::netproxy::proxy
{
namespace
{

using State = GitPushReader::State;
using policy::GitChange;

std::string const kZero(40, '0'), kOne(40, '1'), kTwo(40, '2');
std::string const kCapabilities{"\0 report-status side-band-64k agent=git/2.39.2", 46};

std::string line(std::string_view text)
{
    return fmt::format("{:04x}{}", text.size() + 4, text);
}

std::string command(std::string const& before, std::string const& after, std::string const& ref,
    std::string more = {})
{
    return line(before + " " + after + " " + ref + more);
}

GitPushReader read(std::string const& text)
{
    GitPushReader reader;
    reader.feed(text);
    return reader;
}

std::string fault_of(std::string const& text)
{
    auto reader = read(text);
    reader.end();
    return reader.fault();
}

TEST(GitPush, ReadsWhatIsMadeMovedAndDeleted)
{
    auto reader = read(command(kZero, kOne, "refs/heads/new", kCapabilities)
                       + command(kOne, kTwo, "refs/heads/old\n")
                       + command(kOne, kZero, "refs/tags/v1") + "0000PACK");
    EXPECT_EQ(reader.state(), State::Pack); // commits could show that "old" moves forward
    reader.end();
    ASSERT_EQ(reader.state(), State::Done);
    auto const& commands = reader.push().commands;
    ASSERT_EQ(commands.size(), 3u);
    EXPECT_EQ(commands[0].ref, "refs/heads/new");
    EXPECT_EQ(commands[0].change, GitChange::Create);
    EXPECT_EQ(commands[1].ref, "refs/heads/old");
    EXPECT_EQ(commands[1].change, GitChange::Update);
    EXPECT_FALSE(commands[1].is_fast_forward);
    EXPECT_EQ(commands[2].change, GitChange::Delete);
    EXPECT_TRUE(reader.wants_report() && reader.takes_bands());
}

TEST(GitPush, ReadsAByteAtATime)
{
    GitPushReader reader;
    auto const text = line("shallow " + kTwo) + command(kZero, kOne, "refs/heads/a", kCapabilities);
    for (char const c : text)
        reader.feed({&c, 1});
    EXPECT_TRUE(reader.is_reading());
    reader.feed("0000");
    EXPECT_EQ(reader.state(), State::Done);
    EXPECT_EQ(reader.push().commands.size(), 1u);
}

TEST(GitPush, TakesAProbeWithoutCommands)
{
    auto const reader = read("0000");
    EXPECT_EQ(reader.state(), State::Done);
    EXPECT_TRUE(reader.push().commands.empty());
}

TEST(GitPush, ReadsPushOptionsWhereTheyWereNegotiated)
{
    auto reader =
        read(command(kZero, kOne, "refs/heads/a", std::string("\0push-options", 13)) + "0000");
    EXPECT_EQ(reader.state(), State::Options);
    reader.feed(line("ci.skip") + "0000PACK");
    EXPECT_EQ(reader.state(), State::Done);
    EXPECT_EQ(reader.push().options, std::vector<std::string>{"ci.skip"});
}

TEST(GitPush, ReadsSha256WhereItSaysSo)
{
    std::string const zero(64, '0'), one(64, 'a');
    auto const caps = std::string("\0object-format=sha256", 21);
    EXPECT_EQ(read(command(zero, one, "refs/heads/a", caps) + "0000").state(), State::Done);
    EXPECT_EQ(read(command(zero, one, "refs/heads/a") + "0000").state(), State::Broken);
    EXPECT_EQ(read(command(kZero, kOne, "refs/heads/a", caps) + "0000").state(), State::Broken);
}

TEST(GitPush, RefusesWhatIsNoSequenceOfPktLines)
{
    for (std::string const text :
        {"zzzz", "0001", "0002", "0003", "-004", "0x10", "fff1", "ffff", " 004", "PACK"})
        EXPECT_NE(fault_of(text), "") << text;
}

TEST(GitPush, RefusesNamesThatServersCouldReadInTwoWays)
{
    for (std::string const name :
        {"main", "HEAD", "refs/heads/../main", "refs/heads/a b", "refs//heads/a", "refs/heads/a/",
            "refs/heads/.a", "refs/heads/a.lock", "refs/heads/a.", "refs/heads/a\tb",
            "refs/heads/a\nrefs/heads/main", "refs/heads/a~1", "refs/heads/a:b", "refs/heads/a\\b",
            "refs/heads/a@{1}", "refs/heads/*", "refs/heads/\x7f", "refs/"})
        EXPECT_NE(fault_of(command(kZero, kOne, name) + "0000"), "") << name;
    EXPECT_NE(
        fault_of(command(kZero, kOne, "refs/heads/" + std::string(kMaxRefName, 'a')) + "0000"), "");
}

TEST(GitPush, RefusesCommandsThatAreNone)
{
    EXPECT_NE(fault_of(command(kZero, kZero, "refs/heads/a") + "0000"), "");
    EXPECT_NE(fault_of(line(kOne + " " + kTwo) + "0000"), "");
    EXPECT_NE(fault_of(line(kOne + "\t" + kTwo + " refs/heads/a") + "0000"), "");
    EXPECT_NE(fault_of(command(std::string(40, 'A'), kOne, "refs/heads/a") + "0000"), "");
    EXPECT_NE(fault_of(command(kZero, kOne, "refs/heads/a")
                       + command(kZero, kOne, "refs/heads/b", kCapabilities) + "0000"),
        "");
    EXPECT_NE(
        fault_of(command(kZero, kOne, "refs/heads/a") + line("shallow " + kOne) + "0000"), "");
    EXPECT_NE(fault_of(line("shallow zz") + "0000"), "");
}

TEST(GitPush, RefusesACertificateAndAnEarlyEnd)
{
    EXPECT_EQ(fault_of(line("push-cert") + "0000"),
        "a signed push (push certificate) cannot be judged; push without --signed");
    EXPECT_EQ(fault_of(command(kZero, kOne, "refs/heads/a")),
        "the push ends before it said what it wants");
    EXPECT_EQ(fault_of(""), "the push ends before it said what it wants");
}

TEST(GitPush, BoundsCommandsAndOptions)
{
    std::string text;
    for (std::size_t i = 0; i <= kMaxPushCommands; ++i)
        text += command(kZero, kOne, "refs/heads/a");
    EXPECT_EQ(fault_of(text + "0000"), "more than 1000 refs in one push");
    text = command(kZero, kOne, "refs/heads/a", std::string("\0push-options", 13)) + "0000";
    for (std::size_t i = 0; i <= kMaxPushOptions; ++i)
        text += line("x");
    EXPECT_EQ(fault_of(text + "0000"), "more than 100 push options");
}

} // namespace
} // namespace osh::netproxy::proxy
