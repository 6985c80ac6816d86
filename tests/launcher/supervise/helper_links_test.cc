// A helper that closes its channel but goes on running must not keep the session alive.

#include "launcher/supervise/netproxy_link.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

constexpr int kTurns = 2000; // of at most 5 ms

TEST(NetproxyLink, EndsAHelperThatClosedItsChannelAndStays)
{
    std::string folder = ::testing::TempDir() + "osh-libexec-XXXXXX";
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    std::string const program = folder + "/osh-netproxy";
    std::ofstream(program) << "#!/bin/sh\nexec 3>&-\nexec /bin/sleep 1000\n";
    std::filesystem::permissions(program, std::filesystem::perms::owner_all);
    auto loop = *sys::EventLoop::create();
    std::string how;
    NetproxyHooks hooks;
    hooks.said = [](auto const&) {};
    hooks.gone = [&](auto const& text) { how = text; };
    auto link =
        *NetproxyLink::start(loop, *NetproxyProcess::begin(folder, "test"), std::move(hooks));
    for (int i = 0; i < kTurns && how.empty(); ++i) {
        ASSERT_TRUE(loop.run_once(std::min(sys::now() + 5ms, link->next_deadline())).ok());
        link->tick();
    }
    EXPECT_EQ(how, "stopped (SIGKILL)");
    EXPECT_TRUE(link->is_gone());
    std::filesystem::remove_all(folder);
}

} // namespace
} // namespace osh::launcher
