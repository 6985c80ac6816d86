// What ties a session to this machine's network: published ports, wired to init, the control socket
// and the journal; and the changes of resolv.conf(5) and hosts(5), told to netproxy.

#include "launcher/supervise/supervisor_class.h"
#include "policy/base/text.h"

#include <cstdio>
#include <fmt/core.h>
#include <fmt/format.h>

namespace osh::launcher
{

Result<> Supervisor::start_ports()
{
    PortHooks hooks;
    hooks.ask_init = [this](ToInit const& word) -> Result<> {
        if (!init_ || init_->is_gone())
            return fail(Errc::Closed, "the sandbox is gone");
        return init_->send(word);
    };
    hooks.reply = [this](ClientId client, auto const& message) {
        desk_->server().send(client, message);
    };
    hooks.tell = [this](std::string const& code, std::string const& text) {
        note(code, text);
        desk_->server().send_to_all(policy::control::Notice{code, text});
    };
    ports_ = std::make_unique<SessionPorts>(loop_, request_.profile.network, std::move(hooks));
    LET(lines, ports_->publish_planned());
    if (request_.verbosity != Verbosity::Quiet)
        for (auto const& line : lines)
            fmt::print(stderr, "osh: {}\n", shown(line));
    return {};
}

void Supervisor::watch_names()
{
    auto watch = ResolverWatch::start(
        loop_, request_.profile.network.hosts, [this](NameSources const& names) {
            bool const is_named = !names.resolvers.empty();
            note("network",
                is_named ? fmt::format("resolvers are now {}", fmt::join(names.resolvers, " "))
                         : "resolv.conf names no resolver: the local one is asked");
            if (netproxy_ && !netproxy_->is_gone() && !netproxy_->send_names(names).ok())
                handle(NetproxyFailed{"does not take new resolvers"});
        });
    if (watch.ok())
        names_ = *std::move(watch);
    else
        note("network", "changes of the network are not noticed: " + watch.error().sentence);
}

} // namespace osh::launcher
