#include "launcher/supervise/core/stdio.h"

namespace osh::launcher
{
namespace
{

StreamRoute route_of(StreamKind kind, TerminalWish wish)
{
    switch (kind) {
    case StreamKind::Terminal:
        return wish == TerminalWish::Never ? StreamRoute::Relay : StreamRoute::Pty;
    case StreamKind::AnonymousPipe:
    case StreamKind::Null: return StreamRoute::Pass;
    case StreamKind::Other: break;
    }
    return StreamRoute::Relay;
}

} // namespace

StdioChoice choose_stdio(std::array<StreamFacts, 3> const& facts, TerminalWish wish)
{
    StdioChoice choice;
    for (std::size_t i = 0; i < 3; ++i) {
        choice.routes[i] =
            wish == TerminalWish::Always ? StreamRoute::Pty : route_of(facts[i].kind, wish);
        choice.wants_terminal = choice.wants_terminal || choice.routes[i] == StreamRoute::Pty;
    }
    choice.errors_share_output =
        choice.routes[1] == StreamRoute::Relay && choice.routes[2] == StreamRoute::Relay
        && facts[1].device == facts[2].device && facts[1].inode == facts[2].inode;
    choice.relays_keyboard = choice.routes[0] == StreamRoute::Pty;
    choice.is_raw = choice.relays_keyboard && facts[0].kind == StreamKind::Terminal
                    && facts[1].kind == StreamKind::Terminal;
    return choice;
}

} // namespace osh::launcher
