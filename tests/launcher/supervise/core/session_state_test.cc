#include "launcher/supervise/core/session_state.h"

#include <csignal>
#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

Session running()
{
    Session session(Network::On);
    session.handle(NetproxyReady{});
    session.handle(AgentStarted{});
    return session;
}

template<typename Command>
Command const* find(SessionCommands const& commands)
{
    for (auto const& command : commands)
        if (auto const* found = std::get_if<Command>(&command))
            return found;
    return nullptr;
}

TEST(SessionState, StartsTheAgentWhenTheProxyIsReady)
{
    Session session(Network::On);
    EXPECT_TRUE(session.begin().empty());
    auto const commands = session.handle(NetproxyReady{});
    EXPECT_NE(find<StartAgent>(commands), nullptr);
}

TEST(SessionState, WaitsForNobodyWithoutANetwork)
{
    Session session(Network::Off);
    auto const commands = session.begin();
    EXPECT_NE(find<StartAgent>(commands), nullptr);
}

TEST(SessionState, TakesTheTerminalBeforeTheAgentCanWrite)
{
    Session session(Network::On);
    auto const commands = session.handle(NetproxyReady{});
    ASSERT_EQ(commands.size(), 2u);
    EXPECT_TRUE(std::holds_alternative<TakeTerminal>(commands[0]));
    EXPECT_TRUE(std::holds_alternative<StartAgent>(commands[1]));
}

TEST(SessionState, ForwardsASignalThatComesBeforeInitsWordOfTheStart)
{
    Session session(Network::On);
    session.handle(NetproxyReady{});
    EXPECT_NE(find<SignalAgent>(session.handle(SignalCaught{SIGTERM})), nullptr);
}

TEST(SessionState, CallsAHelperThatDiesAfterTheStartWordDead)
{
    Session session(Network::On);
    session.handle(NetproxyReady{});
    session.handle(NetproxyFailed{"stopped"});
    EXPECT_EQ(session.exit_code(), kExitHelperDied);
}

TEST(SessionState, EndsWithTheAgentsOwnStatus)
{
    auto session = running();
    auto const commands = session.handle(AgentEnded{false, 7});
    ASSERT_NE(find<Finish>(commands), nullptr);
    EXPECT_EQ(find<Finish>(commands)->exit_code, 7);
    EXPECT_EQ(session.failed_by(), FailedBy::Program);
}

TEST(SessionState, AddsTheSignalTo128)
{
    auto session = running();
    session.handle(AgentEnded{true, SIGKILL});
    EXPECT_EQ(session.exit_code(), 137);
    EXPECT_TRUE(session.ended_by_signal());
}

TEST(SessionState, KillsTheAgentWhenTheProxyDies)
{
    auto session = running();
    auto const commands = session.handle(NetproxyFailed{"stopped (SIGSEGV)"});
    EXPECT_NE(find<KillSandbox>(commands), nullptr);
    EXPECT_NE(find<Complain>(commands), nullptr);
    EXPECT_EQ(session.exit_code(), kExitHelperDied);
}

TEST(SessionState, AProxyThatNeverStartedIsAnErrorOfTheStart)
{
    Session session(Network::On);
    auto const commands = session.handle(NetproxyFailed{"could not be started"});
    EXPECT_NE(find<KillSandbox>(commands), nullptr);
    EXPECT_EQ(session.exit_code(), kExitCannotStart);
}

TEST(SessionState, InitsDeathEndsTheSession)
{
    auto session = running();
    session.handle(InitGone{"stopped (SIGKILL)"});
    EXPECT_EQ(session.exit_code(), kExitHelperDied);
}

TEST(SessionState, InitsEndAfterTheAgentsIsExpected)
{
    auto session = running();
    session.handle(AgentEnded{false, 0});
    EXPECT_TRUE(session.handle(InitGone{"ended"}).empty());
    EXPECT_EQ(session.exit_code(), 0);
}

TEST(SessionState, AFailedLaunchKeepsItsCode)
{
    Session session(Network::Off);
    session.begin();
    session.handle(LaunchFailed{"no such program", 127});
    EXPECT_EQ(session.exit_code(), 127);
    EXPECT_EQ(session.failed_by(), FailedBy::Osh);
}

TEST(SessionState, AStoppedAgentStopsOsh)
{
    auto session = running();
    auto const commands = session.handle(AgentStopped{SIGTSTP});
    ASSERT_EQ(commands.size(), 2u);
    EXPECT_TRUE(std::holds_alternative<GiveTerminalBack>(commands[0]));
    EXPECT_TRUE(std::holds_alternative<StopOurselves>(commands[1]));
}

TEST(SessionState, ContinuingTakesTheTerminalFirst)
{
    auto session = running();
    session.handle(AgentStopped{SIGTSTP});
    auto const commands = session.handle(Continued{});
    ASSERT_EQ(commands.size(), 2u);
    EXPECT_TRUE(std::holds_alternative<TakeTerminal>(commands[0]));
    EXPECT_TRUE(std::holds_alternative<SignalAgent>(commands[1]));
    EXPECT_EQ(session.handle(Continued{}).size(), 1u); // SIGCONT itself: no second one inside
}

TEST(SessionState, ForwardsSignalsAndLosesPatienceAtTheThird)
{
    auto session = running();
    EXPECT_NE(find<SignalAgent>(session.handle(SignalCaught{SIGTERM})), nullptr);
    EXPECT_NE(find<SignalAgent>(session.handle(SignalCaught{SIGTERM})), nullptr);
    EXPECT_NE(find<KillSandbox>(session.handle(SignalCaught{SIGTERM})), nullptr);
    // The network helper may see the end before we hear of the agent's.
    session.handle(NetproxyFailed{"ended with status 1"});
    EXPECT_EQ(session.exit_code(), 137);
    EXPECT_TRUE(session.ended_by_signal());
    EXPECT_EQ(session.failed_by(), FailedBy::Program);
}

TEST(SessionState, NeverLosesPatienceWithCtrlC)
{
    auto session = running();
    for (int i = 0; i < 10; ++i)
        EXPECT_NE(find<SignalAgent>(session.handle(SignalCaught{SIGINT})), nullptr);
}

TEST(SessionState, ASignalBeforeTheStartEndsEverything)
{
    Session session(Network::On);
    EXPECT_NE(find<KillSandbox>(session.handle(SignalCaught{SIGINT})), nullptr);
    EXPECT_EQ(session.exit_code(), 130);
}

TEST(SessionState, TheTimeLimitHasItsOwnCode)
{
    auto session = running();
    session.handle(TimeIsUp{});
    EXPECT_EQ(session.exit_code(), kExitTimeLimit);
}

TEST(SessionState, AStartThatDoesNotEndIsAnError)
{
    Session waiting(Network::On);
    EXPECT_NE(find<KillSandbox>(waiting.handle(StartIsLate{})), nullptr);
    EXPECT_EQ(waiting.exit_code(), kExitCannotStart);

    Session launching(Network::On);
    launching.handle(NetproxyReady{});
    EXPECT_NE(find<KillSandbox>(launching.handle(StartIsLate{})), nullptr);
    EXPECT_EQ(launching.exit_code(), kExitCannotStart);
}

TEST(SessionState, ARunningAgentIsNeverLate)
{
    auto session = running();
    EXPECT_TRUE(session.handle(StartIsLate{}).empty());
    EXPECT_TRUE(session.is_running());
}

} // namespace
} // namespace osh::launcher
