#include "launcher/supervise/session_names.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

namespace fs = std::filesystem;

class SessionNames : public testing::Test
{
protected:
    SessionNames()
    {
        std::string name = (fs::temp_directory_path() / "osh-names-XXXXXX").string();
        root_ = ::mkdtemp(name.data());
        environment_ = {{"XDG_RUNTIME_DIR", root_ + "/run"}, {"XDG_STATE_HOME", root_ + "/state"}};
    }
    ~SessionNames() override { fs::remove_all(root_); }

    void keep(std::string const& id, std::string const& report)
    {
        fs::path const folder = root_ + "/state/osh/sessions/" + id;
        fs::create_directories(folder);
        std::ofstream(folder / kReportFile) << report << "\n";
        fs::last_write_time(folder, fs::file_time_type::clock::now() + kStep * ++kept_);
    }
    Result<std::string> find(std::string const& word)
    {
        return session_by_word(environment_, kept_sessions(environment_), word);
    }

    static constexpr std::chrono::seconds kStep{10};
    std::string root_;
    Environment environment_;
    int kept_ = 0;
};

TEST_F(SessionNames, MeanTheNewestSessionThatEndedWithThem)
{
    keep("c00001", R"({"v":1,"name":"myweb"})");
    keep("b00002", R"({"v":1,"name":"myweb"})");
    keep("d00003", R"({"v":1,"name":"other"})");
    EXPECT_EQ(*find("myweb"), "b00002");
    EXPECT_EQ(*find("other"), "d00003");
}

TEST_F(SessionNames, YieldToAnIdAndToItsBeginning)
{
    keep("aaa111", R"({"v":1,"name":"x"})");
    keep("bbb222", R"({"v":1,"name":"aaa"})");
    keep("ccc333", R"({"v":1,"name":"aaa111"})");
    EXPECT_EQ(*find("aaa"), "aaa111");
    EXPECT_EQ(*find("aaa111"), "aaa111");
}

TEST_F(SessionNames, AreNotFoundWhereReportsAreOldOrBroken)
{
    keep("aaa111", R"({"v":1})");
    keep("bbb222", "no json");
    EXPECT_EQ(find("myweb").error().sentence, "no session \"myweb\". `osh ps -a` lists them");
    EXPECT_FALSE(find("").ok()); // a session without a name is not called ""
}

TEST(OneNameOfRunningSessions, MeansOneSession)
{
    std::vector<NamedSession> const running{{"a1", "web"}, {"b2", "db"}, {"c3", "web"}};
    EXPECT_EQ(*only_of_name(running, "db"), "b2");
    EXPECT_EQ(only_of_name(running, "we").error().code, Errc::NotFound);
    EXPECT_EQ(only_of_name(running, "web").error().sentence,
        "\"web\" is the name of several sessions, write an id: a1 c3");
}

} // namespace
} // namespace osh::launcher
