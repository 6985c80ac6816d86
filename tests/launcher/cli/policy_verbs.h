#pragma once
// The verbs of `osh policy`, run in a folder of their own: what they print and how they end.

#include "launcher/cli/policy_command.h"

#include <filesystem>
#include <fstream>
#include <gmock/gmock.h>
#include <sstream>
#include <sys/stat.h>
#include <unistd.h>

namespace osh::cli
{

using testing::HasSubstr;
using testing::StartsWith;

inline constexpr char const* kPolicy = R"(version: 1
network_policies:
  api:
    endpoints:
      - {host: api.example.com, port: 443, protocol: rest, enforcement: enforce, access: read-only}
    binaries: [{path: /usr/bin/gh}]
)";

struct Outcome {
    int code = 0;
    std::string out, err;
};

class PolicyVerbs : public testing::Test
{
protected:
    void SetUp() override
    {
        std::string name = testing::TempDir() + "osh-verbs-XXXXXX";
        ASSERT_NE(mkdtemp(name.data()), nullptr);
        folder_ = name;
        before_ = std::filesystem::current_path();
        std::filesystem::current_path(folder_); // so that texts hold no path of this machine
    }
    void TearDown() override
    {
        std::filesystem::current_path(before_);
        std::filesystem::remove_all(folder_);
    }

    static void write(std::string const& name, std::string const& text)
    {
        std::ofstream(name) << text;
    }
    static std::string read(std::string const& name)
    {
        std::ostringstream text;
        text << std::ifstream(name).rdbuf();
        return text.str();
    }
    static Outcome run(std::vector<std::string> const& words)
    {
        testing::internal::CaptureStdout();
        testing::internal::CaptureStderr();
        Outcome outcome;
        outcome.code = policy_command(words);
        std::fflush(stdout);
        std::fflush(stderr);
        outcome.out = testing::internal::GetCapturedStdout();
        outcome.err = testing::internal::GetCapturedStderr();
        return outcome;
    }

private:
    std::filesystem::path folder_, before_;
};

} // namespace osh::cli
