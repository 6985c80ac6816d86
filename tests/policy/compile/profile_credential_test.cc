#include "policy/compile/profile.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osh::policy
{
namespace
{

using testing::ElementsAre;
using testing::HasSubstr;

CompiledProfile compiled(std::string const& text)
{
    return compile_profile({{"x", "x.toml", "version = 1\n" + text, ProfileOrigin::User, ""}}, {});
}

std::string findings(std::string const& text)
{
    return render(compiled(text).diagnostics);
}

constexpr char const* kWhole = R"([[credential]]
name = "esc"
source = "env:ESC_CRED_SOURCE"
attach = [ { kind = "bearer", host = "Cred.Test", path = "/v1/**" } ]
env = [ { name = "CRED_TOKEN", shape = "plain" } ]
programs = ["curl"]
)";

TEST(CompileCredential, ReadsAWholeOne)
{
    auto const result = compiled(kWhole);
    ASSERT_TRUE(result.profile) << render(result.diagnostics);
    auto const& credential = result.profile->credentials.at(0);
    EXPECT_EQ(credential.sources.at(0).kind, CredentialSource::Kind::Environment);
    EXPECT_EQ(credential.sources.at(0).name, "ESC_CRED_SOURCE");
    EXPECT_EQ(credential.attach.at(0).host, "cred.test");
    EXPECT_EQ(credential.attach.at(0).port, 443);
    EXPECT_EQ(credential.attach.at(0).path, "/v1/**");
    EXPECT_EQ(credential.env.at(0).name, "CRED_TOKEN");
    EXPECT_EQ(credential.env.at(0).shape, "plain");
    EXPECT_FALSE(credential.from_agent_preset);
}

TEST(CompileCredential, NeedsAHost)
{
    EXPECT_EQ(findings("[[credential]]\nname = \"a\"\nsource = \"env:A\"\nprograms = [\"p\"]\n"
                       "attach = [ { kind = \"bearer\" } ]\n"),
        "x.toml:6:12: error: a credential is attached to a named host only\n"
        "    6 | attach = [ { kind = \"bearer\" } ]\n"
        "      |            ^^^^^^^^^^^^^^^^^^^ host is missing\n"
        "help: write host = \"api.example.com\"; port and path have keys of their own\n");
    EXPECT_THAT(findings("[[credential]]\nname = \"a\"\nsource = \"env:A\"\n"
                         "attach = [ { kind = \"bearer\", host = \"*.example.com\" } ]\n"),
        HasSubstr("\"*.example.com\" is not an exact host name"));
    EXPECT_THAT(findings("[[credential]]\nname = \"a\"\nsource = \"env:A\"\n"),
        HasSubstr("credential \"a\" is attached to no host"));
}

TEST(CompileCredential, TakesAClientCertificateForAHostAlone)
{
    std::string const begin = "[[credential]]\nname = \"a\"\nsource = \"file:~/me.pem\"\n";
    auto const result =
        compiled(begin + "attach = [ { kind = \"mtls\", host = \"h.test\", port = 8443 } ]\n");
    ASSERT_TRUE(result.profile) << render(result.diagnostics);
    EXPECT_EQ(result.profile->credentials.at(0).attach.at(0).kind, CredentialAttach::Kind::Mtls);
    EXPECT_THAT(findings(begin + "attach = [ { kind = \"mtls\", host = \"h\", path = \"/x\" } ]\n"),
        HasSubstr("attach kind \"mtls\" needs host and port alone"));
    EXPECT_THAT(findings(begin
                         + "programs = [ \"curl\" ]\nattach = [ { kind = \"mtls\", host = "
                           "\"h\" } ]\n"),
        HasSubstr("credential \"a\" is a client certificate"));
}

TEST(CompileCredential, NamesKindsAndFieldsThatAreNotAvailable)
{
    auto const text = findings(std::string(kWhole)
                               + "refresh = { grant = \"refresh_token\" }\n"
                                 "[[credential]]\nname = \"b\"\nsource = \"env:B\"\n"
                                 "attach = [ { kind = \"oauth\", host = \"h.test\" } ]\n");
    EXPECT_THAT(text, HasSubstr("credential.refresh is not available in osh"));
    EXPECT_THAT(text, HasSubstr("attach kind \"oauth\" is not available in osh"));
}

TEST(CompileCredential, SuggestsAKindAndAShape)
{
    EXPECT_THAT(findings("[[credential]]\nname = \"a\"\nsource = \"env:A\"\n"
                         "attach = [ { kind = \"baerer\", host = \"h.test\" } ]\n"
                         "env = [ { name = \"A\", shape = \"github-clasic\" } ]\n"),
        testing::AllOf(
            HasSubstr("did you mean \"bearer\"?"), HasSubstr("did you mean \"github-classic\"?")));
}

TEST(CompileCredential, WarnsOfSourcesThatAreNotAvailableAndLoads)
{
    auto const result = compiled("[[credential]]\nname = \"a\"\nprograms = [\"p\"]\n"
                                 "source = [\"secret-service:service=osh\", \"env:A\"]\n"
                                 "attach = [ { kind = \"bearer\", host = \"h.test\" } ]\n");
    ASSERT_TRUE(result.profile);
    EXPECT_EQ(
        result.profile->credentials.at(0).sources.at(0).kind, CredentialSource::Kind::Unsupported);
    EXPECT_THAT(render(result.diagnostics),
        HasSubstr("warning: secrets from \"secret-service\" are not available in osh"));
}

TEST(CompileCredential, RefusesAnUnknownSource)
{
    EXPECT_THAT(findings("[[credential]]\nname = \"a\"\nsource = \"emv:A\"\n"
                         "attach = [ { kind = \"bearer\", host = \"h.test\" } ]\n"),
        testing::AllOf(HasSubstr("credential.source names no source of secrets"),
            HasSubstr("did you mean \"env:\"?")));
}

TEST(CompileCredential, ChangesOnlyTheNamedKeysOfAnInheritedOne)
{
    ProfileText const base{
        "base", "base.toml", "version = 1\n" + std::string(kWhole), ProfileOrigin::Packaged, ""};
    ProfileText const mine{"mine", "mine.toml",
        "version = 1\nextends = [\"base\"]\n[[credential]]\nname = \"esc\"\n"
        "source = \"file:~/token\"\n",
        ProfileOrigin::User, ""};
    auto const result = compile_profile({mine}, {base});
    ASSERT_TRUE(result.profile) << render(result.diagnostics);
    ASSERT_EQ(result.profile->credentials.size(), 1U);
    auto const& credential = result.profile->credentials[0];
    EXPECT_EQ(credential.sources.at(0).kind, CredentialSource::Kind::File);
    EXPECT_EQ(credential.attach.at(0).host, "cred.test");
    EXPECT_THAT(credential.programs, ElementsAre("curl"));
}

TEST(CompileCredential, TurnsShorthandsIntoCommands)
{
    auto const result = compiled("[[credential]]\nname = \"a\"\nprograms = [\"p\"]\n"
                                 "source = [\"op://v/i/f\", \"pass:work/x\"]\n"
                                 "attach = [ { kind = \"bearer\", host = \"h.test\" } ]\n");
    ASSERT_TRUE(result.profile) << render(result.diagnostics);
    auto const& sources = result.profile->credentials.at(0).sources;
    EXPECT_THAT(sources.at(0).command, ElementsAre("op", "read", "op://v/i/f"));
    EXPECT_THAT(sources.at(1).command, ElementsAre("pass", "show", "work/x"));
    EXPECT_TRUE(sources.at(1).first_line_only);
}

} // namespace
} // namespace osh::policy
