#include "credentials/source/source.h"
#include "credentials/source/structured.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace osh::credentials
{
namespace
{

namespace fs = std::filesystem;
using policy::Credential;
using policy::CredentialSource;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

CredentialSource of_kind(CredentialSource::Kind kind, std::string name)
{
    CredentialSource source;
    source.kind = kind;
    source.name = std::move(name);
    source.text = source.name;
    return source;
}

CredentialSource shell(std::string script)
{
    CredentialSource source;
    source.kind = CredentialSource::Kind::Command;
    source.command = {"/bin/sh", "-c", std::move(script)};
    return source;
}

class FindSecret : public testing::Test
{
protected:
    FindSecret()
    {
        std::string name = (fs::temp_directory_path() / "osh-source-XXXXXX").string();
        root_ = fs::canonical(::mkdtemp(name.data())).string();
        context_.environment = {{"TOKEN_A", "value-a"}, {"PATH", "/usr/bin:/bin"}, {"HOME", root_}};
        context_.home = root_;
    }
    ~FindSecret() override { fs::remove_all(root_); }

    void put(std::string const& path, std::string const& text, unsigned mode = 0600)
    {
        fs::create_directories(fs::path(root_ + "/" + path).parent_path());
        std::ofstream(root_ + "/" + path) << text;
        fs::permissions(root_ + "/" + path, static_cast<fs::perms>(mode));
    }
    std::string value(CredentialSource const& source)
    {
        auto const found = find_secret(source, context_);
        return found.ok() ? std::string(found->value.reveal()) : "error: " + found.error().sentence;
    }

    std::string root_;
    SourceContext context_;
};

TEST_F(FindSecret, ReadsAVariable)
{
    EXPECT_EQ(value(of_kind(CredentialSource::Kind::Environment, "TOKEN_A")), "value-a");
    EXPECT_EQ(value(of_kind(CredentialSource::Kind::Environment, "TOKEN_B")),
        "error: the variable TOKEN_B is not set");
}

TEST_F(FindSecret, ReadsAFileAndAPlaceInIt)
{
    put("t/token", "value-t\n");
    EXPECT_EQ(value(of_kind(CredentialSource::Kind::File, "~/t/token")), "value-t");
    put("t/auth.json", R"({"a":{"b/c":["x","value-p"]}})");
    auto source = of_kind(CredentialSource::Kind::File, "~/t/auth.json");
    source.pointer = "/a/b~1c/1";
    EXPECT_EQ(value(source), "value-p");
    source.pointer = "/a/none";
    EXPECT_THAT(value(source), HasSubstr("nothing at \"/a/none\""));
}

TEST_F(FindSecret, WarnsOfAFileThatOthersRead)
{
    put("token", "value", 0644);
    auto const found = find_secret(of_kind(CredentialSource::Kind::File, "~/token"), context_);
    ASSERT_TRUE(found.ok());
    EXPECT_THAT(
        found->warnings, ElementsAre("~/token can be read by others (mode 0644): chmod 600"));
}

TEST_F(FindSecret, RefusesAFileOfTheProjectAlsoThroughALink)
{
    put("p/token", "value");
    context_.project_root = root_ + "/p";
    fs::create_symlink("p/token", root_ + "/link");
    EXPECT_THAT(
        value(of_kind(CredentialSource::Kind::File, "~/link")), HasSubstr("lies in the project"));
}

TEST_F(FindSecret, RunsACommandWithACleanEnvironment)
{
    EXPECT_EQ(value(shell("echo value-c")), "value-c");
    EXPECT_EQ(value(shell("printf '{\"value\":\"value-j\",\"expires_at\":1}'")), "value-j");
    EXPECT_EQ(value(shell("echo ${TOKEN_A:-none}")), "none");
    EXPECT_EQ(value(shell("echo $HOME")), root_);
    EXPECT_EQ(
        value(shell("test -t 0 || test -e /dev/tty -a -r /proc/self/fd/9 || echo alone")), "alone");
    auto first = shell("printf 'value-1\\nnotes\\n'");
    first.first_line_only = true;
    EXPECT_EQ(value(first), "value-1");
}

TEST_F(FindSecret, EndsACommandThatTakesTooLongOrSaysTooMuch)
{
    auto slow = shell("exec sleep 1000");
    slow.timeout = 20ms;
    EXPECT_THAT(value(slow), HasSubstr("not done in time"));
    auto closed = shell("exec >&-; exec sleep 1000");
    closed.timeout = 20ms;
    EXPECT_THAT(value(closed), HasSubstr("not done in time"));
    EXPECT_THAT(value(shell("yes")), HasSubstr("more than 65536 bytes"));
}

TEST_F(FindSecret, SaysHowACommandEndedButNotWhatItSaid)
{
    auto const text = value(shell("echo secret-text; exit 3"));
    EXPECT_THAT(text, HasSubstr("ended with status 3"));
    EXPECT_THAT(text, Not(HasSubstr("secret-text")));
    CredentialSource missing;
    missing.kind = CredentialSource::Kind::Command;
    missing.command = {"no-such-program-here"};
    EXPECT_EQ(value(missing), "error: no program \"no-such-program-here\"");
}

TEST_F(FindSecret, RefusesEmptyAndSeveralLines)
{
    EXPECT_THAT(value(shell("true")), HasSubstr("the value is empty"));
    EXPECT_THAT(value(shell("printf 'a\\nb\\n'")), HasSubstr("more than one line"));
}

TEST_F(FindSecret, NamesAnUnavailableSource)
{
    EXPECT_THAT(value(of_kind(CredentialSource::Kind::Unsupported, "secret-service:a=b")),
        HasSubstr("secrets from \"secret-service:a=b\" are not available in osh"));
}

TEST_F(FindSecret, TriesTheSourcesInOrder)
{
    Credential credential;
    credential.sources = {of_kind(CredentialSource::Kind::Environment, "TOKEN_B"),
        of_kind(CredentialSource::Kind::Environment, "TOKEN_A")};
    EXPECT_EQ(find_secret(credential, context_)->value.reveal(), "value-a");
    credential.sources.pop_back();
    EXPECT_EQ(
        find_secret(credential, context_).error().sentence, "the variable TOKEN_B is not set");
}

TEST_F(FindSecret, TakesTheFirstOfAGroupThatIsPresent)
{
    policy::Profile profile;
    profile.credentials.resize(3);
    for (auto& credential : profile.credentials) {
        credential.group = "g";
        credential.when = "source-present";
        credential.sources = {of_kind(CredentialSource::Kind::Environment, "TOKEN_A")};
    }
    profile.credentials[0].sources[0].name = "TOKEN_B";
    auto const chosen = in_force(profile, context_);
    ASSERT_EQ(chosen.size(), 1U);
    EXPECT_EQ(chosen[0], &profile.credentials[1]);
}

TEST_F(FindSecret, LeavesTheProjectOutOfThePath)
{
    context_.project_root = "/p";
    context_.environment["PATH"] = "/usr/bin:bin::/p/node_modules/.bin:/bin";
    EXPECT_THAT(safe_search_path(context_), ElementsAre("/usr/bin", "/bin"));
    EXPECT_THAT(clean_environment(context_), Contains("PATH=/usr/bin:/bin"));
    EXPECT_THAT(clean_environment(context_), Not(Contains(HasSubstr("TOKEN_A"))));
}

} // namespace
} // namespace osh::credentials
