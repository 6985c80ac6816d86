#include "policy/convert/import_settings.h"

#include "policy/compile/policy.h"
#include "policy/compile/profile.h"

#include <fstream>
#include <gmock/gmock.h>
#include <sstream>

namespace osh::policy
{
namespace
{

using testing::HasSubstr;
using testing::Not;

std::string golden(std::string const& name)
{
    std::ifstream file(std::string(OSH_SOURCE_DIR) + "/tests/policy/convert/golden/" + name);
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

// The base of every imported profile, shortened.
ProfileText strict()
{
    std::ifstream file(std::string(OSH_SOURCE_DIR) + "/profiles/profiles/strict.toml");
    std::ostringstream text;
    text << file.rdbuf();
    return {"strict", "strict.toml", text.str(), ProfileOrigin::Packaged, ""};
}

Profile profile_of(ImportedSettings const& imported)
{
    auto const compiled = compile_profile(
        {{"imported", "imported.toml", imported.profile, ProfileOrigin::User, ""}}, {strict()});
    EXPECT_TRUE(compiled.profile) << render(compiled.diagnostics) << imported.profile;
    return compiled.profile.value_or(Profile{});
}

ImportedSettings imported(std::string const& text, SettingsScope scope = SettingsScope::User,
    MayWiden may_widen = MayWiden::No)
{
    return import_settings({{"settings.json", text, scope, may_widen, "D1G3ST"}}, {});
}

ImportedSettings sandbox(std::string const& block, SettingsScope scope = SettingsScope::User)
{
    return imported("{\"sandbox\": {" + block + "}}", scope);
}

class Golden : public testing::TestWithParam<char const*>
{
};

TEST_P(Golden, ImportsAsWritten)
{
    std::string const name = GetParam();
    auto const result = import_settings(
        {{name + ".json", golden(name + ".json"), SettingsScope::Flag, MayWiden::Yes, ""}}, {});
    EXPECT_EQ(result.policy, golden(name + ".yaml"));
    EXPECT_EQ(result.profile, golden(name + ".toml"));
    EXPECT_EQ(render(result.report), golden(name + ".report"));
}

TEST_P(Golden, LosesNothingButExcludedCommands)
{
    auto const result = import_settings({{"x.json", golden(std::string(GetParam()) + ".json"),
                                            SettingsScope::Flag, MayWiden::Yes, ""}},
        {});
    for (auto const& one : result.report) {
        bool const is_fine = one.severity == Severity::Note
                             || one.message.find("excludedCommands") != std::string::npos;
        EXPECT_TRUE(is_fine) << render(one);
    }
}

TEST_P(Golden, IsAPolicyAndAProfileOfOsh)
{
    auto const result = import_settings({{"x.json", golden(std::string(GetParam()) + ".json"),
                                            SettingsScope::Flag, MayWiden::Yes, ""}},
        {});
    auto const policy = compile_policy({{"imported.yaml", result.policy, ""}});
    EXPECT_TRUE(policy.policy) << render(policy.diagnostics);
    EXPECT_TRUE(policy.diagnostics.empty()) << render(policy.diagnostics);
    profile_of(result);
}

INSTANTIATE_TEST_SUITE_P(ImportSettings, Golden, testing::Values("daily", "untrusted", "docker"));

TEST(ImportSettings, NamesTheKeyThatWasMeant)
{
    auto const result = sandbox(R"("network": {"allowedHosts": ["a.example.com"]})");
    EXPECT_EQ(render(result.report),
        "settings.json:1:26: warning: unknown key \"allowedHosts\", left out\n"
        "    1 | {\"sandbox\": {\"network\": {\"allowedHosts\": [\"a.example.com\"]}}}\n"
        "      |                          ^^^^^^^^^^^^^^ this does nothing; it is called "
        "\"network.allowedDomains\"\n");
    EXPECT_THAT(result.policy, Not(HasSubstr("a.example.com")));
}

TEST(ImportSettings, SaysThatABlockKeyOutsideTheBlockDoesNothing)
{
    auto const result = imported(R"({"network": {"allowedDomains": ["a.example.com"]}})");
    EXPECT_THAT(render(result.report), HasSubstr("\"network\" stands outside of \"sandbox\""));
    EXPECT_THAT(result.policy, Not(HasSubstr("a.example.com")));
}

TEST(ImportSettings, LetsAProjectFileWidenNothingBeforeItIsConfirmed)
{
    std::string const text =
        R"({"sandbox": {"network": {"allowedDomains": ["a.example.com"]}}, "env": {"PATH": "/x"}})";
    auto const held = imported(text, SettingsScope::Project);
    EXPECT_THAT(held.policy, Not(HasSubstr("a.example.com")));
    EXPECT_THAT(held.profile, Not(HasSubstr("PATH")));
    EXPECT_THAT(render(held.report), HasSubstr("after reading it: --confirm D1G3ST"));
    auto const confirmed = imported(text, SettingsScope::Project, MayWiden::Yes);
    EXPECT_THAT(confirmed.policy, HasSubstr("a.example.com"));
}

TEST(ImportSettings, LetsAProjectFileNarrow)
{
    auto const result = sandbox(
        R"("filesystem": {"denyRead": ["./secret"]}, "network": {"deniedDomains": ["a.example.com"]})",
        SettingsScope::Local);
    EXPECT_THAT(result.profile, HasSubstr("deny = [\"$PROJECT/secret\"]"));
    EXPECT_THAT(result.policy, HasSubstr("deny_rules"));
    EXPECT_TRUE(result.report.empty()) << render(result.report);
}

TEST(ImportSettings, OpensNothingAgainThatYourOwnSettingsHide)
{
    std::string const yours = R"({"sandbox": {"filesystem": {"denyRead": ["~/.aws"]}}})";
    std::string const theirs = R"({"sandbox": {"filesystem": {"allowRead": ["~/.aws/config"]}}})";
    auto const result =
        import_settings({{"user.json", yours, SettingsScope::User},
                            {"project.json", theirs, SettingsScope::Project, MayWiden::Yes, ""}},
            {});
    EXPECT_THAT(result.profile, Not(HasSubstr("config")));
    EXPECT_THAT(render(result.report), HasSubstr("does not open it again"));
}

TEST(ImportSettings, TakesHostsFromManagedSettingsOnlyWhenTheySaySo)
{
    auto const result = import_settings(
        {{"managed.json",
             R"({"sandbox": {"network": {"allowManagedDomainsOnly": true, "allowedDomains": ["m.example.com"]}}})",
             SettingsScope::Managed},
            {"user.json", R"({"sandbox": {"network": {"allowedDomains": ["u.example.com"]}}})",
                SettingsScope::User}},
        {});
    EXPECT_THAT(result.policy, HasSubstr("m.example.com"));
    EXPECT_THAT(result.policy, Not(HasSubstr("u.example.com")));
    EXPECT_EQ(profile_of(result).approvals.mode, ApprovalMode::Deny);
}

TEST(ImportSettings, IgnoresStrictAllowlistOfAProject)
{
    auto const result = sandbox(R"("network": {"strictAllowlist": true})", SettingsScope::Project);
    EXPECT_EQ(profile_of(result).approvals.mode, ApprovalMode::Ask);
    EXPECT_THAT(render(result.report), HasSubstr("counts in your own settings only"));
}

TEST(ImportSettings, ReportsEachKeyThatCannotBeHonoured)
{
    auto const result =
        sandbox(R"("allowUnsandboxedCommands": true, "ignoreViolations": {"*": ["x"]},
        "enableWeakerNestedSandbox": true, "filesystem": {"disabled": true},
        "network": {"httpProxyPort": 3128, "allowUnixSockets": ["/run/x.sock"], "allowAllUnixSockets": true,
                    "tlsTerminate": {"caCertPath": "/x"}},
        "credentials": {"allowPlaintextInject": true, "awsPairs": [{"a": "b"}], "sigv4": {"streaming": "passthrough"},
                        "files": [{"path": "~/.x", "mode": "mask"}]})");
    std::string const report = render(result.report);
    for (char const* key : {"allowUnsandboxedCommands is lost", "ignoreViolations is lost",
             "enableWeakerNestedSandbox is lost", "filesystem.disabled is lost",
             "network.httpProxyPort is lost", "network.allowUnixSockets \"/run/x.sock\" is lost",
             "network.allowAllUnixSockets is lost", "network.tlsTerminate.caCertPath is lost",
             "credentials.allowPlaintextInject is lost", "credentials.awsPairs is lost",
             "credentials.sigv4 is lost", "mask is lost"})
        EXPECT_THAT(report, HasSubstr(key));
}

TEST(ImportSettings, NeedsNothingForWhatIsSwitchedOff)
{
    auto const result = sandbox(
        R"("allowUnsandboxedCommands": false, "filesystem": {"disabled": false}, "excludedCommands": [])");
    EXPECT_TRUE(result.report.empty()) << render(result.report);
}

TEST(ImportSettings, SaysWhatIsWrongWithAHost)
{
    auto const result = sandbox(
        R"("network": {"allowedDomains": ["https://a.example.com", "*", "localhost:3000", "a:0", "*.com"]})");
    std::string const report = render(result.report);
    for (char const* flaw : {"a name without scheme and path", "cannot name every host",
             "own loopback", "not a number from 1 to 65535", "too wide"})
        EXPECT_THAT(report, HasSubstr(flaw));
    EXPECT_TRUE(compile_policy({{"p.yaml", result.policy, ""}}).policy) << result.policy;
}

TEST(ImportSettings, ReadsPathsByTheirScope)
{
    auto const path = R"("filesystem": {"denyRead": ["./x", "y/", "//z", "~/w/**"]})";
    EXPECT_THAT(sandbox(path).profile,
        HasSubstr("deny = [\"/z\", \"~/.claude/x\", \"~/.claude/y\", \"~/w\"]"));
    EXPECT_THAT(sandbox(path, SettingsScope::Flag).profile,
        HasSubstr("deny = [\"$PROJECT/x\", \"$PROJECT/y\", \"/z\", \"~/w\"]"));
}

TEST(ImportSettings, RefusesWhatIsNoSettingsFile)
{
    for (char const* text :
        {"[1]", "{\"sandbox\": 3}", "{", "x", "{\"sandbox\":{\"network\":[]}}"}) {
        auto const result = imported(text);
        EXPECT_TRUE(has_errors(result.report)) << text;
        EXPECT_TRUE(result.policy.empty()) << text;
    }
}

TEST(ImportSettings, ReadsFilesIndentedWithTabs)
{
    auto const result = imported(
        "{\n\t\"sandbox\": {\n\t\t\"network\": {\"allowedDomains\": [\"a.example.com\"]}\n\t}\n}");
    EXPECT_THAT(result.policy, HasSubstr("a.example.com"));
}

TEST(ImportSrtSettings, DeniesWhatNobodyCanBeAskedFor)
{
    ImportOptions options;
    options.kind = SettingsKind::SandboxRuntime;
    auto const result = import_settings(
        {{"srt.json",
            R"({"network": {"allowedDomains": ["a.example.com"], "deniedDomains": []},
                "filesystem": {"denyRead": ["~/.ssh"], "allowWrite": ["."], "denyWrite": [".env"]}})"}},
        options);
    Profile const profile = profile_of(result);
    EXPECT_EQ(profile.approvals.mode, ApprovalMode::Deny);
    EXPECT_EQ(profile.filesystem.project, ProjectAccess::ReadWrite);
    EXPECT_THAT(profile.filesystem.protect, testing::Contains(".env"));
    EXPECT_TRUE(result.report.empty()) << render(result.report);
}

TEST(ImportSrtSettings, KeepsTheProjectReadOnlyUnlessItIsNamed)
{
    ImportOptions options;
    options.kind = SettingsKind::SandboxRuntime;
    auto const result = import_settings(
        {{"srt.json", R"({"filesystem": {"allowWrite": ["./out"]}, "network": {}})"}}, options);
    Profile const profile = profile_of(result);
    EXPECT_EQ(profile.filesystem.project, ProjectAccess::ReadOnly);
    EXPECT_THAT(profile.filesystem.write, testing::Contains("$PROJECT/out"));
}

} // namespace
} // namespace osh::policy
