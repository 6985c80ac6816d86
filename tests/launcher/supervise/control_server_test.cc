// The control socket, with real sockets in a temporary folder.

#include "launcher/supervise/control_server.h"

#include "launcher/sys/io.h"

#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace osh::launcher
{
namespace
{

constexpr int kTurns = 50; // of the loop, at most, until what is expected has happened
constexpr std::string_view kHello =
    R"({"t":"hello","proto":1,"client":"test/1","role":"watch","lang":"en","features":[]})"
    "\n";

class ControlServerTest : public ::testing::Test
{
protected:
    void SetUp() override
    {
        std::string name = ::testing::TempDir() + "osh-ctl-XXXXXX";
        ASSERT_NE(::mkdtemp(name.data()), nullptr);
        path_ = name;
        folder_ = *sys::open_path(path_, O_PATH | O_DIRECTORY);
        ControlHooks hooks;
        hooks.hello = [] { return policy::control::ServerHello{}; };
        hooks.greeted = [this](ClientId id) { greeted_.push_back(id); };
        hooks.said = [this](ClientId, auto const&) { ++said_; };
        hooks.refused = [this](auto const& code, auto const&) { refused_.push_back(code); };
        hooks.left = [this] { ++left_; };
        server_ = *ControlServer::open(loop_, folder_, std::move(hooks));
    }
    void TearDown() override { std::filesystem::remove_all(path_); }

    sys::Fd connect()
    {
        auto socket = *sys::connect_in(folder_, "ctl.sock");
        turn();
        return socket;
    }
    sys::Fd greeted_client()
    {
        auto socket = connect();
        say(socket, kHello);
        return socket;
    }
    void turn() { ASSERT_TRUE(loop_.run_once(sys::now() + 5ms).ok()); }
    void turn_until(std::function<bool()> const& done)
    {
        for (int i = 0; i < kTurns && !done(); ++i)
            turn();
    }
    void say(sys::Fd const& socket, std::string_view text)
    {
        ASSERT_TRUE(sys::send_some(socket, bytes_of(text)).ok());
        turn();
        turn();
    }
    static std::string heard(sys::Fd const& socket)
    {
        std::string bytes(65536, '\0');
        ssize_t const count = ::recv(socket.raw(), bytes.data(), bytes.size(), MSG_DONTWAIT);
        return bytes.substr(0, count > 0 ? static_cast<std::size_t>(count) : 0);
    }

    std::string path_;
    sys::Fd folder_;
    sys::EventLoop loop_ = *sys::EventLoop::create();
    std::vector<ClientId> greeted_;
    std::vector<std::string> refused_;
    int said_ = 0, left_ = 0;
    std::unique_ptr<ControlServer> server_;
};

TEST_F(ControlServerTest, GreetsAClientThatSaysHello)
{
    auto const client = greeted_client();
    ASSERT_EQ(greeted_.size(), 1U);
    EXPECT_EQ(server_->role_of(greeted_[0]), "watch");
    EXPECT_EQ(server_->deciders(), 0U);
    EXPECT_TRUE(refused_.empty());
    say(client, "{\"t\":\"ping\"}\n");
    EXPECT_EQ(said_, 1);
}

TEST_F(ControlServerTest, DismissesWhoSpeaksBeforeHello)
{
    auto const client = connect();
    say(client, "{\"t\":\"ping\"}\n");
    EXPECT_EQ(said_, 0);
    EXPECT_NE(heard(client).find("bad_message"), std::string::npos);
    turn_until([&] { return left_ > 0; });
    EXPECT_EQ(left_, 1);
}

TEST_F(ControlServerTest, DismissesUnknownKeys)
{
    auto const client = greeted_client();
    (void)heard(client);
    say(client, "{\"t\":\"ping\",\"onyl\":true}\n");
    EXPECT_EQ(said_, 0);
    EXPECT_NE(heard(client).find("bad_message"), std::string::npos);
}

TEST_F(ControlServerTest, DismissesALineThatDoesNotEnd)
{
    auto const client = greeted_client();
    (void)heard(client);
    std::string const part(16 * 1024, 'x');
    for (int i = 0; i < 6 && left_ == 0; ++i)
        say(client, part);
    turn_until([&] { return left_ > 0; });
    EXPECT_NE(heard(client).find("64 KiB"), std::string::npos);
}

TEST_F(ControlServerTest, DismissesWhoTalksTooFast)
{
    auto const client = greeted_client();
    (void)heard(client);
    std::string many;
    for (std::uint32_t i = 0; i < kMaxMessagesPerSecond * 3; ++i)
        many += "{\"t\":\"ping\"}\n";
    say(client, many);
    EXPECT_LE(said_, static_cast<int>(kMaxMessagesPerSecond));
    EXPECT_NE(heard(client).find("\"rate\""), std::string::npos);
}

TEST_F(ControlServerTest, TurnsAwayMoreClientsThanItServes)
{
    std::vector<sys::Fd> clients;
    for (std::size_t i = 0; i < kMaxClients; ++i)
        clients.push_back(connect());
    auto const last = connect();
    EXPECT_NE(heard(last).find("too_many_clients"), std::string::npos);
}

TEST_F(ControlServerTest, DropsAReaderThatDoesNotRead)
{
    auto const client = greeted_client();
    ASSERT_EQ(greeted_.size(), 1U);
    policy::control::Notice const notice{"n", std::string(30 * 1024, 'x')};
    for (int i = 0; i < 60; ++i)
        server_->send_to_all(notice);
    turn_until([&] { return left_ > 0; });
    EXPECT_EQ(left_, 1);
    EXPECT_EQ(server_->role_of(greeted_[0]), "");
}

TEST_F(ControlServerTest, RefusesAClientOfAnotherUserNamespace)
{
    pid_t const child = ::fork();
    if (child == 0) {
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (::unshare(CLONE_NEWUSER) != 0)
            ::_exit(2);
        auto socket = sys::connect_in(folder_, "ctl.sock");
        if (!socket.ok())
            ::_exit(3);
        std::string bytes(4096, '\0');
        ssize_t const count = ::recv(socket->raw(), bytes.data(), bytes.size(), 0);
        bytes.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
        ::_exit(bytes.find("peer_in_sandbox") != std::string::npos
                        && bytes.find("hello") == std::string::npos
                    ? 0
                    : 1);
    }
    ASSERT_GT(child, 0);
    int status = 0;
    for (int i = 0; i < 1000 && ::waitpid(child, &status, WNOHANG) == 0; ++i)
        turn();
    if (WIFEXITED(status) && WEXITSTATUS(status) == 2)
        GTEST_SKIP() << "no user namespaces here";
    EXPECT_TRUE(WIFEXITED(status));
    EXPECT_EQ(WEXITSTATUS(status), 0);
    ASSERT_FALSE(refused_.empty());
    EXPECT_EQ(refused_[0], "peer_in_sandbox");
    EXPECT_TRUE(greeted_.empty());
}

sys::PeerFacts someone()
{
    sys::PeerFacts facts;
    facts.uid = 1000;
    facts.pid = 42;
    facts.namespaces = {1, 2, 3};
    facts.root_device = 4;
    facts.root_inode = 5;
    facts.is_steady = true;
    return facts;
}

TEST(JudgePeer, WelcomesTheSameUserInTheSameNamespaces)
{
    EXPECT_EQ(judge_peer(someone(), someone()), PeerVerdict::Welcome);
}

TEST(JudgePeer, RefusesAnotherUserEvenRoot)
{
    auto peer = someone();
    peer.uid = 0;
    EXPECT_EQ(judge_peer(peer, someone()), PeerVerdict::OtherUser);
}

TEST(JudgePeer, RefusesWhoStandsInAnyOtherNamespaceOrRoot)
{
    for (auto change : {+[](sys::PeerFacts& peer) { peer.namespaces.user = 9; },
             +[](sys::PeerFacts& peer) { peer.namespaces.pid = 9; },
             +[](sys::PeerFacts& peer) { peer.namespaces.mount = 9; },
             +[](sys::PeerFacts& peer) { peer.root_inode = 9; },
             +[](sys::PeerFacts& peer) { peer.root_device = 9; }}) {
        auto peer = someone();
        change(peer);
        EXPECT_EQ(judge_peer(peer, someone()), PeerVerdict::InSandbox);
    }
}

TEST(JudgePeer, RefusesAProcessThatChangedMeanwhile)
{
    auto peer = someone();
    peer.is_steady = false;
    EXPECT_EQ(judge_peer(peer, someone()), PeerVerdict::Unsteady);
}

} // namespace
} // namespace osh::launcher
