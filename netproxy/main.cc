// osh-netproxy: every byte between agent and world. Started by the supervisor with its channel as
// descriptor 3, the session's name as its argument and an empty environment; not for people.
// docs/netproxy.md is its theory of operation.

#include "launcher/sys/event_loop.h"
#include "launcher/sys/io.h"
#include "launcher/sys/own_code.h"
#include "netproxy/shell/confinement.h"
#include "netproxy/shell/driver.h"
#include "policy/base/text.h"

#include <csignal>
#include <malloc.h>

namespace
{

using namespace osh;

constexpr int kChannel = 3; // what start_helper of the supervisor gives
// Buffers of 64 KiB come and go with each burst of a flow: below this the heap's end is not given
// back and taken again, page fault by page fault (mallopt(3)).
constexpr int kKeptHeap = 2 << 20;

Result<> run(std::string const& session)
{
    auto channel = sys::Fd::adopt_raw_fd(kChannel);
    // Before it leaves: the agent's files wait for the certificate, and nothing came in yet.
    LET(agent_tls, netproxy::proxy::AgentTls::create(session, sys::wall_now()));
    TRY(netproxy::shell::say_authority(channel, *agent_tls));
    TRY(netproxy::shell::leave_the_host());
    LET(start, netproxy::shell::receive_start(channel));
    start.agent_tls = std::move(agent_tls);
    LET(driver, netproxy::shell::Driver::create(std::move(start), std::move(channel)));
    sys::let_go_of_start_code();
    TRY(netproxy::shell::lock_system_calls());
    TRY(driver->say_ready());
    return driver->run();
}

} // namespace

int main(int argc, char** argv)
{
    ::signal(SIGPIPE, SIG_IGN);
    ::mallopt(M_TRIM_THRESHOLD, kKeptHeap);
    auto const outcome = run(argc > 1 ? argv[1] : "");
    if (outcome.ok())
        return 0;
    auto const errors = sys::Fd::adopt_raw_fd(2);
    auto const line = "osh-netproxy: " + shown(outcome.error().sentence, 2000) + "\n";
    static_cast<void>(sys::write_all(errors, line).ok()); // nobody left to tell
    return 1;
}
