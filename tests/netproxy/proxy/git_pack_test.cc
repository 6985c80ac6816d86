// The pack below is made by hand: gitformat-pack(5).
#include "netproxy/proxy/git_pack.h"
#include "netproxy/proxy/git_push.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <zlib.h>

namespace osh::netproxy::proxy
{
namespace
{

std::string const kOld(40, 'a'), kTree(40, 'b');

std::string packed(std::string_view text)
{
    std::vector<Bytef> in(text.begin(), text.end());
    std::vector<Bytef> out(compressBound(text.size()));
    uLongf size = out.size();
    compress(out.data(), &size, in.data(), text.size());
    return {out.begin(), out.begin() + static_cast<std::ptrdiff_t>(size)};
}

std::string object(unsigned type, std::string_view data, std::string_view between = "")
{
    auto size = data.size();
    std::string head;
    auto byte = static_cast<unsigned>(type << 4U | (size & 15U));
    for (size >>= 4U; size > 0; size >>= 7U) {
        head += static_cast<char>(byte | 0x80U);
        byte = size & 127U;
    }
    return head + static_cast<char>(byte) + std::string(between) + packed(data);
}

std::string pack_of(std::string const& objects)
{
    return std::string("PACK\0\0\0\2\0\0\0\1", 12) + objects;
}

std::string commit(std::vector<std::string> const& parents, std::string_view message = "m\n")
{
    auto text = "tree " + kTree + "\n";
    for (auto const& parent : parents)
        text += "parent " + parent + "\n";
    return text + "author a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n\n" + std::string(message);
}

TEST(PackCommits, KnowTheIdsThatGitGives)
{
    // git hash-object -t commit
    EXPECT_EQ(commit_id("tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\n"
                        "author a <a@b> 1 +0000\ncommitter a <a@b> 1 +0000\n\nm\n",
                  40),
        "3f595c507824531d0e69e7ab11dcbc3a85cf3382");
    EXPECT_EQ(commit_id("", 64).size(), 64u);
}

TEST(PackCommits, FollowParentsFromTheNewToTheOld)
{
    auto const first = commit({kOld}), second = commit({kTree, commit_id(first, 40)});
    PackCommits commits(40);
    for (char const c : pack_of(object(1, second) + object(4, "a tag") + object(1, first)))
        commits.feed({&c, 1});
    EXPECT_FALSE(commits.is_over());
    EXPECT_TRUE(commits.reaches(commit_id(second, 40), kOld));
    EXPECT_TRUE(commits.reaches(commit_id(second, 40), commit_id(first, 40)));
    EXPECT_FALSE(commits.reaches(commit_id(first, 40), commit_id(second, 40)));
    EXPECT_FALSE(commits.reaches(kOld, kTree));
    commits.feed(object(2, "tree"));
    EXPECT_TRUE(commits.is_over());
    EXPECT_TRUE(commits.reaches(commit_id(second, 40), kOld));
}

TEST(PackCommits, ApplyADelta)
{
    auto const base = commit({kOld}, "one\n");
    auto const whole = commit({commit_id(base, 40)}, "one\n");
    // Two copies around the parent, which is inserted.
    std::string delta;
    delta += static_cast<char>(0x80U | (base.size() & 127U));
    delta += static_cast<char>(base.size() >> 7U);
    delta += static_cast<char>(0x80U | (whole.size() & 127U));
    delta += static_cast<char>(whole.size() >> 7U);
    std::size_t const before = 5 + 40 + 1 + 7;
    delta += static_cast<char>(0x90U);
    delta += static_cast<char>(before);
    delta += static_cast<char>(40) + commit_id(base, 40);
    delta += static_cast<char>(0x91U);
    delta += static_cast<char>(before + 40);
    delta += static_cast<char>(base.size() - before - 40);
    auto const first = object(1, base);
    std::string distance(1, static_cast<char>(first.size() & 127U));
    if (first.size() >= 128) // in two bytes: (a + 1) << 7 | b
        distance.insert(0, 1, static_cast<char>(0x80U | ((first.size() >> 7U) - 1)));
    PackCommits commits(40);
    commits.feed(pack_of(first + object(6, delta, distance)));
    EXPECT_TRUE(commits.reaches(commit_id(whole, 40), kOld));
}

TEST(PackCommits, EndAtWhatIsNoPack)
{
    for (std::string const& text : {std::string("PACX") + std::string(8, 0),
             pack_of("\x17"
                     "no zlib at all"),
             pack_of(std::string(30, '\xff')), pack_of(object(7, "x", std::string(20, 'x'))),
             pack_of(object(3, "blob")), pack_of(object(1, std::string(70'000, 'x'))),
             pack_of(object(6, std::string("\1\1\0", 3), "\5"))}) {
        PackCommits commits(40);
        commits.feed(text);
        EXPECT_TRUE(commits.is_over());
    }
}

TEST(GitPush, ProvesThatAnUpdateKeepsWhatWasThere)
{
    auto const made = commit({kOld});
    auto const ask = [&](std::string const& before) {
        std::string const text = before + " " + commit_id(made, 40) + " refs/heads/a";
        GitPushReader reader;
        reader.feed(fmt::format("{:04x}{}0000", text.size() + 4, text));
        EXPECT_TRUE(reader.is_reading());
        reader.feed(pack_of(object(1, made) + object(2, "tree")));
        EXPECT_EQ(reader.state(), GitPushReader::State::Done);
        return reader.push().commands.at(0).is_fast_forward;
    };
    EXPECT_TRUE(ask(kOld));
    EXPECT_FALSE(ask(std::string(40, 'c')));
}

TEST(GitPush, TakesAnUpdateWithoutACommitForForced)
{
    std::string const text = kOld + " " + kTree + " refs/heads/a";
    GitPushReader reader;
    reader.feed(fmt::format("{:04x}{}0000", text.size() + 4, text));
    reader.end();
    EXPECT_EQ(reader.state(), GitPushReader::State::Done);
    EXPECT_FALSE(reader.push().commands.at(0).is_fast_forward);
}

} // namespace
} // namespace osh::netproxy::proxy
