#include "policy/compile/profile.h"

#include <algorithm>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osh::policy
{
namespace
{

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

ProfileText user(std::string name, std::string text)
{
    std::string shown = "profiles/" + name + ".toml";
    return {std::move(name), std::move(shown), std::move(text), ProfileOrigin::User, "/home/u/p"};
}

ProfileText packaged(std::string name, std::string text)
{
    auto profile = user(std::move(name), std::move(text));
    profile.origin = ProfileOrigin::Packaged;
    return profile;
}

std::string findings(std::string const& text)
{
    return render(compile_profile({user("daily", text)}, {}).diagnostics);
}

Profile made_of(std::vector<ProfileText> const& requested, ProfileShelf const& shelf = {})
{
    auto compiled = compile_profile(requested, shelf);
    EXPECT_EQ(render(compiled.diagnostics), "");
    return compiled.profile.value_or(Profile{});
}

TEST(CompileProfile, ExplainsADurationWithoutUnit)
{
    EXPECT_EQ(findings("version = 1\n[approvals]\ntimeout = 60\n"),
        "profiles/daily.toml:3:11: error: approvals.timeout must be a duration\n"
        "    3 | timeout = 60\n"
        "      |           ^^ a number without a unit\n"
        "help: write \"60s\" or \"2m\"\n");
}

TEST(CompileProfile, SuggestsTheNearestKey)
{
    EXPECT_EQ(findings("version = 1\n[approvals]\n  timout = \"60s\"\n"),
        "profiles/daily.toml:3:3: error: unknown key \"timout\" in [approvals]\n"
        "    3 |   timout = \"60s\"\n"
        "      |   ^^^^^^ did you mean \"timeout\"?\n");
}

TEST(CompileProfile, SuggestsTheNearestSection)
{
    EXPECT_EQ(findings("version = 1\n[aprovals]\n"),
        "profiles/daily.toml:2:2: error: unknown key \"aprovals\" in a profile\n"
        "    2 | [aprovals]\n"
        "      |  ^^^^^^^^ did you mean \"approvals\"?\n");
}

TEST(CompileProfile, SuggestsTheNearestWord)
{
    EXPECT_EQ(findings("version = 1\n[approvals]\nmode = \"asks\"\n"),
        "profiles/daily.toml:3:8: error: approvals.mode must be one of \"ask\", \"queue\", "
        "\"deny\"\n"
        "    3 | mode = \"asks\"\n"
        "      |        ^^^^^^ did you mean \"ask\"?\n");
}

TEST(CompileProfile, ReportsAllMistakesInOrder)
{
    EXPECT_EQ(findings("[filesystem]\nread = \"/opt\"\n[resources]\nmemory = 12\n"),
        "profiles/daily.toml:1:1: error: version is missing\n"
        "    1 | [filesystem]\n"
        "      | ^\n"
        "help: write version = 1 in the first line\n"
        "\n"
        "profiles/daily.toml:2:8: error: filesystem.read must be a list of texts\n"
        "    2 | read = \"/opt\"\n"
        "      |        ^^^^^^ a text\n"
        "help: write [\"/opt\"]\n"
        "\n"
        "profiles/daily.toml:4:10: error: resources.memory must be a size\n"
        "    4 | memory = 12\n"
        "      |          ^^ a number without a unit\n"
        "help: write \"512M\" or \"4G\"\n");
}

TEST(CompileProfile, ShowsWhereTheSyntaxBreaks)
{
    auto const text = findings("version = 1\nname = \n");
    EXPECT_THAT(text, HasSubstr("profiles/daily.toml:2:"));
    EXPECT_THAT(text, HasSubstr("error: "));
    EXPECT_FALSE(compile_profile({user("x", "version = ")}, {}).profile.has_value());
}

TEST(CompileProfile, MergesScalarsTablesAndLists)
{
    auto const base =
        packaged("base", "version = 1\n"
                         "[network]\nhold = \"hello\"\nlisten = \"none\"\n"
                         "[env]\nallow = [\"A\", \"B\"]\nset = { X = \"1\", Y = \"2\" }\n");
    auto const profile =
        made_of({user("mine", "version = 1\nextends = [\"base\"]\n[network]\nhold = \"connect\"\n"
                              "[env]\nallow = [\"B\", \"C\", \"-A\"]\nset = { Y = \"3\" }\n")},
            {base});
    EXPECT_EQ(profile.network.hold, HoldStage::Connect);
    EXPECT_EQ(profile.network.listen, ListenMode::None);
    EXPECT_THAT(profile.env.allow, ElementsAre("B", "C"));
    EXPECT_EQ(profile.env.set.at("X"), "1");
    EXPECT_EQ(profile.env.set.at("Y"), "3");
    EXPECT_THAT(profile.chain, ElementsAre("base", "mine"));
}

TEST(CompileProfile, LetsDenyAndMaskOnlyGrow)
{
    EXPECT_EQ(findings("version = 1\n[filesystem]\nmask = [\"-.env\"]\n"),
        "profiles/daily.toml:3:9: error: filesystem.mask can only grow\n"
        "    3 | mask = [\"-.env\"]\n"
        "      |         ^^^^^^^ removes an inherited entry\n"
        "help: if it must go: [unsafe] remove_deny = [\".env\"]\n");
    EXPECT_THAT(findings("version = 1\n[filesystem]\nmask = [\"!.env.local\"]\n"),
        HasSubstr("shows files that would be masked"));
}

TEST(CompileProfile, TakesADenialAwayOnlyWhenItIsNamedUnsafe)
{
    auto const profile =
        made_of({user("x", "version = 1\n[unsafe]\nremove_deny = [\"~/.npmrc\"]\n")});
    EXPECT_THAT(profile.filesystem.deny, Not(Contains("~/.npmrc")));
    EXPECT_THAT(profile.filesystem.deny, Contains("~/.ssh"));
    EXPECT_THAT(profile.unsafe_notes, ElementsAre("no longer hidden: ~/.npmrc"));
    EXPECT_THAT(findings("version = 1\n[unsafe]\nremove_deny = [\"nothing\"]\n"),
        HasSubstr("names no inherited entry"));
}

TEST(CompileProfile, NamesACycle)
{
    auto const a = packaged("a", "version = 1\nextends = [\"b\"]\n");
    auto const b = packaged("b", "version = 1\nextends = [\"a\"]\n");
    EXPECT_EQ(render(compile_profile({a}, {a, b}).diagnostics),
        "profiles/b.toml:2:12: error: profiles extend each other in a circle\n"
        "    2 | extends = [\"a\"]\n"
        "      |            ^^^\n"
        "help: a -> b -> a\n");
}

TEST(CompileProfile, BoundsTheDepthOfExtends)
{
    ProfileShelf shelf;
    for (int i = 0; i < 12; ++i)
        shelf.push_back(packaged("p" + std::to_string(i),
            "version = 1\nextends = [\"p" + std::to_string(i + 1) + "\"]\n"));
    EXPECT_THAT(render(compile_profile({shelf[0]}, shelf).diagnostics), HasSubstr("deeper than 8"));
}

TEST(CompileProfile, SuggestsAProfileToExtend)
{
    auto const compiled = compile_profile(
        {user("x", "version = 1\nextends = [\"dayli\"]\n")}, {packaged("daily", "version = 1\n")});
    EXPECT_EQ(render(compiled.diagnostics), "profiles/x.toml:2:12: error: no profile \"dayli\"\n"
                                            "    2 | extends = [\"dayli\"]\n"
                                            "      |            ^^^^^^^ did you mean \"daily\"?\n"
                                            "help: `osh profile list` shows all\n");
}

TEST(CompileProfile, RefusesToHideAPackagedProfileSilently)
{
    auto const mine = user("strict", "version = 1\n");
    auto const theirs = packaged("strict", "version = 1\n");
    EXPECT_THAT(render(compile_profile({mine}, {mine, theirs}).diagnostics),
        HasSubstr("this file hides the profile \"strict\" that comes with osh"));
    auto const said = user("strict", "version = 1\nreplaces_packaged = true\n");
    EXPECT_TRUE(compile_profile({said}, {said, theirs}).profile.has_value());
}

TEST(CompileProfile, AppliesASharedBaseOnce)
{
    auto const base = packaged("base", "version = 1\n[approvals]\nmode = \"ask\"\n");
    auto const a =
        packaged("a", "version = 1\nextends = [\"base\"]\n[approvals]\nmode = \"deny\"\n");
    auto const b = packaged("b", "version = 1\nextends = [\"base\"]\n");
    auto const profile = made_of({a, b}, {base, a, b});
    EXPECT_EQ(profile.approvals.mode, ApprovalMode::Deny);
    EXPECT_THAT(profile.chain, ElementsAre("base", "a", "b"));
}

TEST(CompileProfile, SharesSocketsUnderEitherName)
{
    auto const base = packaged("base", "version = 1\n[filesystem]\nsockets = [\"docker\"]\n");
    auto const sockets = [&](std::string const& text) {
        return made_of({user("x", "version = 1\nextends = [\"base\"]\n" + text)}, {base})
            .filesystem.sockets;
    };
    EXPECT_THAT(sockets(""), ElementsAre("docker"));
    EXPECT_THAT(sockets("[unsafe]\nshare_docker_socket = true\n"), ElementsAre("docker"));
    EXPECT_THAT(sockets("[unsafe]\nshare_docker_socket = false\nshare_session_bus = true\n"),
        ElementsAre("session-bus"));
    EXPECT_THAT(sockets("[filesystem]\nsockets = [\"-docker\", \"ssh-agent\"]\n"),
        ElementsAre("ssh-agent"));
}

TEST(CompileProfile, AsksEachProfileWhetherItPermitsDebuggers)
{
    auto const strict = packaged("strict", "version = 1\n[sandbox]\ndebug = false\n");
    auto const silent = user("mine", "version = 1\nextends = [\"strict\"]\n");
    auto const mute =
        user("mine", "version = 1\nextends = [\"strict\"]\n[sandbox]\ndebug = false\n");
    EXPECT_TRUE(made_of({silent}, {strict}).debug);
    EXPECT_FALSE(made_of({mute}, {strict}).debug);
}

TEST(CompileProfile, KeepsAnAgentPresetToWhatIsItsOwn)
{
    auto preset = packaged("claude", "version = 1\n[agent]\ncommand = \"claude\"\n"
                                     "[network]\nmode = \"audit\"\n[policy]\nfile = \"open\"\n");
    preset.origin = ProfileOrigin::Agent;
    auto const text = render(compile_profile({preset}, {}).diagnostics);
    EXPECT_THAT(text, HasSubstr("an agent preset may not set network\n"));
    EXPECT_THAT(text, HasSubstr("an agent preset may not set policy.file\n"));
}

TEST(CompileProfile, KeepsThePosturesNameWhenAnAgentJoins)
{
    auto preset = packaged("claude", "version = 1\n[agent]\ncommand = \"claude\"\n");
    preset.origin = ProfileOrigin::Agent;
    auto const profile = made_of({packaged("daily", "version = 1\n"), preset});
    EXPECT_EQ(profile.name, "daily");
    EXPECT_EQ(profile.agent->command, "claude");
}

TEST(CompileProfile, RefusesAnAbstractProfileAlone)
{
    auto const base = packaged("base", "version = 1\nabstract = true\n");
    EXPECT_FALSE(compile_profile({base}, {}).profile.has_value());
    EXPECT_TRUE(
        compile_profile({user("x", "version = 1\nextends = [\"base\"]\n")}, {base}).profile);
}

TEST(CompileProfile, RefusesPatternsAndRelativePathsInGrants)
{
    auto const text = findings(
        "version = 1\n[filesystem]\nread = [\"~/*\", \"src\"]\nwrite = [\"$PROJECT/x\"]\n");
    EXPECT_THAT(text, HasSubstr("3:9: error: filesystem.read takes no patterns"));
    EXPECT_THAT(text, HasSubstr("3:16: error: filesystem.read takes absolute paths"));
    EXPECT_THAT(text, Not(HasSubstr("filesystem.write")));
}

TEST(CompileProfile, RefusesVersionTwo)
{
    EXPECT_THAT(findings("version = 2\n"), HasSubstr("1:11: error: version must be 1"));
}

TEST(CompileProfile, RefusesWhatItCannotDo)
{
    EXPECT_THAT(findings("version = 1\n[unsafe]\nhost_network = true\n"),
        HasSubstr("unsafe.host_network is not available in osh"));
    EXPECT_EQ(findings("version = 1\n[unsafe]\nhost_network = false\n"), "");
}

TEST(CompileProfile, FindsAPolicyBesideTheProfile)
{
    EXPECT_EQ(made_of({user("x", "version = 1\n[policy]\nfile = \"./my.yaml\"\n")}).policy.file,
        "/home/u/p/./my.yaml");
    EXPECT_EQ(made_of({user("x", "version = 1\n[policy]\nfile = \"/a/b.yaml\"\n")}).policy.file,
        "/a/b.yaml");
}

TEST(CompileProfile, ReadsItsOwnEffectiveText)
{
    auto const profile = made_of({user("x", R"(version = 1
[approvals]
timeout = "90s"
limit = { waiting = 8 }
[resources]
memory = "12G"
wall_time = "2h"
[[credential]]
name = "github"
source = { command = ["gh", "auth", "token"], ttl = "50m" }
attach = [ { kind = "git", host = "github.com", user = "x-access-token" } ]
programs = ["git"]
)")});
    auto const text = profile_as_toml(profile);
    EXPECT_THAT(text, HasSubstr("timeout = \"90s\"\n"));
    EXPECT_THAT(text, HasSubstr("memory = \"12G\"\n"));
    EXPECT_THAT(text, HasSubstr("waiting = 8, per_minute = 30"));
    // "!.env.example" is inherited, so naming it again removes nothing.
    EXPECT_EQ(profile_as_toml(made_of({user("x", text)})), text);
}

} // namespace
} // namespace osh::policy
