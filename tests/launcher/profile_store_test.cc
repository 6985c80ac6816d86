#include "launcher/supervise/profile_store.h"

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class ProfileStore : public testing::Test
{
protected:
    ProfileStore()
    {
        std::string name = (fs::temp_directory_path() / "osh-store-XXXXXX").string();
        root_ = ::mkdtemp(name.data());
        places_ = store_places({{"HOME", root_ + "/home"}}, root_ + "/bin", root_ + "/scratch");
        fs::create_directories(root_ + "/scratch");
        fs::create_directories(root_ + "/share");
        fs::copy(OSH_SOURCE_DIR "/profiles", root_ + "/share/osh", fs::copy_options::recursive);
    }
    ~ProfileStore() override { fs::remove_all(root_); }

    void put(std::string const& path, std::string const& text)
    {
        fs::create_directories(fs::path(root_ + "/" + path).parent_path());
        std::ofstream(root_ + "/" + path) << text;
    }
    policy::Profile load(std::vector<std::string> const& names)
    {
        auto loaded = load_profile(places_, names);
        EXPECT_TRUE(loaded.ok()) << loaded.error().sentence;
        EXPECT_TRUE(loaded->profile) << render(loaded->diagnostics);
        return loaded->profile.value_or(policy::Profile{});
    }

    std::string root_;
    StorePlaces places_;
};

TEST(StorePlacesOf, FindTheMachinesPolicyWhereNoVariableReaches)
{
    EXPECT_EQ(
        store_places({{"XDG_CONFIG_HOME", "/c"}, {"HOME", "/h"}}, "/b", "/w").machine, "/etc/osh");
}

TEST(StorePlacesOf, FollowTheXdgVariables)
{
    auto const places =
        store_places({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "/c"}}, "/opt/osh/bin", "/w");
    EXPECT_EQ(places.config, "/c/osh");
    EXPECT_EQ(places.packaged, "/opt/osh/share/osh");
    EXPECT_EQ(store_places({{"HOME", "/h"}, {"XDG_CONFIG_HOME", "rel"}}, "/b", "/").config,
        "/h/.config/osh");
    EXPECT_EQ(store_places({}, "/b", "/").config, "");
}

TEST_F(ProfileStore, LoadsEveryPackagedProfileWithoutAFinding)
{
    auto const all = list_profiles(places_);
    EXPECT_GE(all.size(), 10U);
    for (auto const& stored : all) {
        auto const loaded = load_profile(places_, {stored.name});
        ASSERT_TRUE(loaded.ok());
        EXPECT_EQ(render(loaded->diagnostics), "") << stored.name;
        ASSERT_TRUE(loaded->profile) << stored.name;
        auto const layers = load_policy_layers(places_, *loaded->profile);
        ASSERT_TRUE(layers.ok()) << stored.name;
        auto const compiled = policy::compile_policy(*layers, policy::Enforcement::DefaultEnforce);
        EXPECT_EQ(render(compiled.diagnostics), "") << stored.name;
    }
}

TEST_F(ProfileStore, GivesClaudeItsPolicyItsKeyAndItsQuiet)
{
    auto const profile = load({"claude"});
    EXPECT_THAT(profile.chain, ElementsAre("strict", "claude"));
    EXPECT_EQ(profile.env.set.at("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"), "1");
    EXPECT_EQ(profile.env.set.at("DISABLE_AUTOUPDATER"), "1");
    EXPECT_EQ(profile.env.set.at("CLAUDE_CONFIG_DIR"), root_ + "/home/.claude");
    auto const& key = profile.credentials.at(0);
    EXPECT_EQ(key.attach.at(0).header, "x-api-key");
    EXPECT_EQ(key.env.at(0).shape, "anthropic-key");
    EXPECT_TRUE(key.from_agent_preset);
    auto const layers = load_policy_layers(places_, profile);
    ASSERT_TRUE(layers.ok());
    ASSERT_EQ(layers->size(), 2U);
    EXPECT_EQ((*layers)[0].name, "policies/agent-only.yaml");
    EXPECT_EQ((*layers)[1].name, "policies/claude.yaml");
}

TEST_F(ProfileStore, AddsAnAgentToAPosture)
{
    auto const profile = load({"daily", "claude"});
    EXPECT_EQ(profile.name, "daily");
    EXPECT_THAT(profile.chain, ElementsAre("strict", "daily", "claude"));
    EXPECT_EQ(profile.policy.file, "daily");
    EXPECT_EQ(profile.approvals.max_scope, policy::GrantScope::Always);
    EXPECT_EQ(preset_for_command(places_, "/usr/bin/claude"), "claude");
    EXPECT_EQ(preset_for_command(places_, "bash"), "shell");
    EXPECT_EQ(preset_for_command(places_, "gcc"), "");
}

TEST_F(ProfileStore, LoadsTheProfileOfTheEscapeCorpus)
{
    put("home/.config/osh/profiles/escape-corpus.toml", R"(version = 1
name = "escape-corpus"
extends = ["strict"]

[policy]
file = ")" + root_ + R"(/scratch/osh-policy.yaml"

[approvals]
mode = "deny"

[[credential]]
name = "esc"
source = "env:ESC_CRED_SOURCE"
attach = [ { kind = "bearer", host = "cred.test", path = "/v1/**" } ]
env = [ { name = "CRED_TOKEN", shape = "plain" } ]
)");
    put("scratch/osh-policy.yaml", "version: 1\n");
    auto const profile = load({"escape-corpus"});
    EXPECT_EQ(profile.approvals.mode, policy::ApprovalMode::Deny);
    EXPECT_EQ(profile.credentials.at(0).sources.at(0).name, "ESC_CRED_SOURCE");
    auto const layers = load_policy_layers(places_, profile);
    ASSERT_TRUE(layers.ok()) << layers.error().sentence;
    ASSERT_EQ(layers->size(), 1U);
    EXPECT_EQ(layers->at(0).text, "version: 1\n");
}

TEST_F(ProfileStore, ReadsWhatWasAllowedForAlways)
{
    put("home/.config/osh/policies/daily.approved.yaml", "version: 1\n# remembered\n");
    auto const layers = load_policy_layers(places_, load({"daily"}));
    ASSERT_TRUE(layers.ok());
    ASSERT_EQ(layers->size(), 2U); // once, though `add` names it as well
    EXPECT_EQ(layers->at(1).name, "~/.config/osh/policies/daily.approved.yaml");
}

TEST_F(ProfileStore, PrefersTheUsersPolicyOfAName)
{
    put("home/.config/osh/policies/daily.yaml", "version: 1\n# mine\n");
    auto const layer = load_policy_file(places_, "daily");
    ASSERT_TRUE(layer.ok());
    EXPECT_THAT(layer->text, HasSubstr("mine"));
}

TEST_F(ProfileStore, SaysWhereItLookedForAProfile)
{
    auto const missing = load_profile(places_, {"dayli"});
    ASSERT_FALSE(missing.ok());
    EXPECT_EQ(missing.error().sentence,
        "no profile \"dayli\". Did you mean \"daily\"? Looked in: " + root_
            + "/home/.config/osh/profiles, " + root_ + "/share/osh/profiles, " + root_
            + "/share/osh/agents. `osh profile list` shows all.");
    EXPECT_EQ(
        load_profile(places_, {"./no.toml"}).error().sentence, "no profile file \"./no.toml\"");
    auto const policy = load_policy_file(places_, "dayly");
    EXPECT_THAT(policy.error().sentence, HasSubstr("no policy \"dayly\". Did you mean \"daily\"?"));
}

TEST_F(ProfileStore, TakesAPolicyWithAnEndingFromTheWorkingDirectory)
{
    for (char const* name : {"team.yaml", "team.yml", "daily.yaml"}) {
        EXPECT_EQ(load_policy_file(places_, name).error().sentence,
            "no policy file \"" + std::string(name) + "\"");
        put("scratch/" + std::string(name), "version: 1 # " + std::string(name) + "\n");
        auto const layer = load_policy_file(places_, name);
        ASSERT_TRUE(layer.ok()) << layer.error().sentence;
        EXPECT_THAT(layer->text, HasSubstr(name));
    }
}

TEST_F(ProfileStore, TakesNoPolicyOfAProfileFromTheWorkingDirectory)
{
    put("scratch/team.yaml", "version: 1\n"); // the project's own: nobody named it here
    put("scratch/bad.toml",
        "version = 1\nextends = [\"strict\"]\n[policy]\nfile = \"team.yaml\"\n");
    EXPECT_FALSE(load_policy_layers(places_, load({"./bad.toml"})).ok());
}

TEST_F(ProfileStore, TakesAFileRelativeToTheWorkingDirectory)
{
    put("scratch/my.toml", "version = 1\nextends = [\"strict\"]\n[policy]\nfile = \"./p.yaml\"\n");
    put("scratch/p.yaml", "version: 1\n");
    auto const profile = load({"my.toml"});
    EXPECT_THAT(profile.chain, ElementsAre("strict", "my"));
    EXPECT_TRUE(load_policy_layers(places_, profile).ok());
}

TEST_F(ProfileStore, RefusesAUserFileThatHidesAPackagedOne)
{
    put("home/.config/osh/profiles/strict.toml", "version = 1\n");
    auto const loaded = load_profile(places_, {"daily"});
    ASSERT_TRUE(loaded.ok());
    EXPECT_FALSE(loaded->profile);
    EXPECT_THAT(render(loaded->diagnostics), HasSubstr("this file hides the profile \"strict\""));
}

TEST_F(ProfileStore, HasNoNetworkWithoutAPolicy)
{
    put("scratch/bare.toml", "version = 1\n");
    auto const layers = load_policy_layers(places_, load({"./bare.toml"}));
    ASSERT_TRUE(layers.ok());
    EXPECT_THAT(*layers, IsEmpty());
}

TEST_F(ProfileStore, ReadsWhatTheProjectAndTheMachineSayAsNarrowingLayers)
{
    places_.machine = root_ + "/etc";
    put("etc/policy.yaml", "version: 1\n");
    put("repo/.osh/policy.yaml", "version: 1\n");
    auto const layers =
        load_narrowing_layers(places_, policy::ProjectOverlay::Narrow, root_ + "/repo");
    ASSERT_TRUE(layers.ok()) << layers.error().sentence;
    ASSERT_EQ(layers->size(), 2u);
    EXPECT_EQ(layers->at(0).rank, policy::LayerRank::Project);
    EXPECT_EQ(layers->at(0).name, root_ + "/repo/.osh/policy.yaml");
    EXPECT_EQ(layers->at(1).rank, policy::LayerRank::Global);
    EXPECT_EQ(layers->at(1).name, root_ + "/etc/policy.yaml");
}

TEST_F(ProfileStore, LeavesAProjectsPolicyAloneWhereTheProfileIgnoresIt)
{
    places_.machine = root_ + "/etc";
    put("repo/.osh/policy.yaml", "version: 1\n");
    auto const layers =
        load_narrowing_layers(places_, policy::ProjectOverlay::Ignore, root_ + "/repo");
    ASSERT_TRUE(layers.ok()) << layers.error().sentence;
    EXPECT_THAT(*layers, IsEmpty());
}

TEST_F(ProfileStore, RefusesANarrowingPolicyThatIsThereAndCannotBeRead)
{
    places_.machine = root_ + "/etc";
    fs::create_directories(root_ + "/etc");
    fs::create_symlink("nowhere", root_ + "/etc/policy.yaml"); // a broken link is no consent
    EXPECT_FALSE(load_narrowing_layers(places_, policy::ProjectOverlay::Narrow, "").ok());
    fs::remove(root_ + "/etc/policy.yaml");
    fs::create_directories(root_ + "/repo/.osh/policy.yaml");
    auto const layers =
        load_narrowing_layers(places_, policy::ProjectOverlay::Narrow, root_ + "/repo");
    ASSERT_FALSE(layers.ok());
    EXPECT_THAT(layers.error().sentence, HasSubstr("is not a regular file"));
}

} // namespace
} // namespace osh::launcher
