#include "launcher/supervise/agent_program.h"

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
using testing::IsEmpty;

class ResolvePrograms : public testing::Test
{
protected:
    ResolvePrograms()
    {
        std::string name = (fs::temp_directory_path() / "osh-agent-XXXXXX").string();
        root_ = fs::canonical(::mkdtemp(name.data())).string();
        profile_.agent.emplace();
        profile_.agent->binaries = {"which:claude"};
        profile_.credentials.resize(1);
        profile_.credentials[0].programs = {"claude", "claude.exe"};
    }
    ~ResolvePrograms() override { fs::remove_all(root_); }

    std::string program(std::string const& path)
    {
        fs::create_directories(fs::path(root_ + path).parent_path());
        std::ofstream(root_ + path) << "#!/bin/sh\n";
        fs::permissions(root_ + path, fs::perms::owner_all);
        return root_ + path;
    }
    void link(std::string const& target, std::string const& path)
    {
        fs::create_directories(fs::path(root_ + path).parent_path());
        fs::create_symlink(target, root_ + path);
    }

    std::string root_;
    policy::Profile profile_;
};

TEST_F(ResolvePrograms, ShowsTheNodeModulesOfAGlobalInstallation)
{
    auto const real = program("/lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe");
    link("../lib/node_modules/@anthropic-ai/claude-code/bin/claude.exe", "/bin/claude");
    resolve_programs(profile_, {{root_ + "/bin"}, "/", "", ""});
    EXPECT_THAT(profile_.agent->install_directories,
        ElementsAre(root_ + "/bin", root_ + "/lib/node_modules"));
    EXPECT_THAT(profile_.agent->program_directories, ElementsAre(root_ + "/bin"));
    EXPECT_THAT(profile_.credentials[0].programs, ElementsAre(real));
}

TEST_F(ResolvePrograms, FindsAnInstallationInTheProjectAndShowsNothingMore)
{
    auto const real = program("/p/node_modules/@anthropic-ai/claude-code/bin/claude.exe");
    link("../@anthropic-ai/claude-code/bin/claude.exe", "/p/node_modules/.bin/claude");
    fs::create_directories(root_ + "/p/src");
    resolve_programs(profile_, {{"/nowhere"}, root_ + "/p/src", root_ + "/p", ""});
    EXPECT_THAT(profile_.credentials[0].programs, ElementsAre(real));
    EXPECT_THAT(profile_.agent->install_directories, IsEmpty());
    EXPECT_THAT(profile_.agent->program_directories, ElementsAre(root_ + "/p/node_modules/.bin"));
}

TEST_F(ResolvePrograms, ShowsTheFolderOfANativeInstallation)
{
    program("/h/.local/share/claude/versions/2.1.329");
    link("../share/claude/versions/2.1.329", "/h/.local/bin/claude");
    resolve_programs(profile_, {{root_ + "/h/.local/bin"}, "/", "", ""});
    EXPECT_THAT(profile_.agent->install_directories,
        ElementsAre(root_ + "/h/.local/bin", root_ + "/h/.local/share/claude/versions"));
}

TEST_F(ResolvePrograms, MeansTheNativeProgramBehindTheScriptOfAPackage)
{
    auto const script = program("/lib/node_modules/@openai/codex/bin/codex.js");
    link("../lib/node_modules/@openai/codex/bin/codex.js", "/bin/codex");
    std::ofstream(root_ + "/lib/node_modules/@openai/codex/package.json")
        << R"({"optionalDependencies": {"@openai/codex-linux-x64": "1", "../evil": "1",
               "@openai/codex-linux-arm64": "1"}})";
    auto const native = program("/lib/node_modules/@openai/codex-linux-x64/vendor/x86/bin/codex");
    program("/lib/node_modules/@openai/codex-linux-x64/vendor/x86/bin/rg");
    program("/lib/evil/codex");
    program("/lib/node_modules/another/codex");
    profile_.agent->binaries = {"which:codex"};
    profile_.credentials[0].programs = {"codex"};
    resolve_programs(profile_, {{root_ + "/bin"}, "/", "", ""});
    EXPECT_THAT(profile_.credentials[0].programs, ElementsAre(script, native));
}

TEST_F(ResolvePrograms, TakesTheOneWhosePathWasTyped)
{
    program("/x/node_modules/@anthropic-ai/claude-code/bin/claude.exe");
    link("../@anthropic-ai/claude-code/bin/claude.exe", "/x/node_modules/.bin/claude");
    program("/bin/claude");
    resolve_programs(profile_, {{root_ + "/bin"}, root_ + "/x", "", "./node_modules/.bin/claude"});
    EXPECT_THAT(profile_.agent->program_directories, ElementsAre(root_ + "/x/node_modules/.bin"));
}

TEST_F(ResolvePrograms, DoesNotMeanAProgramThatTheProjectBroughtAlong)
{
    program("/p/node_modules/.bin/gh");
    profile_.credentials[0].programs = {"gh"};
    resolve_programs(profile_, {{"/nowhere"}, root_ + "/p", root_ + "/p", ""});
    EXPECT_THAT(profile_.credentials[0].programs, ElementsAre("/nonexistent/gh"));
}

TEST_F(ResolvePrograms, LeavesAnyProgramAndAbsolutePathsAlone)
{
    profile_.credentials[0].programs = {};
    profile_.credentials.resize(2);
    profile_.credentials[1].programs = {"/usr/bin/curl"};
    resolve_programs(profile_, {{"/nowhere"}, "/", "", ""});
    EXPECT_THAT(profile_.credentials[0].programs, IsEmpty());
    EXPECT_THAT(profile_.credentials[1].programs, ElementsAre("/usr/bin/curl"));
}

} // namespace
} // namespace osh::launcher
