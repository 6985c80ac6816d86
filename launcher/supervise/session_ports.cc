#include "launcher/supervise/session_ports.h"

#include "policy/base/text.h"

#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxWaiting = 64;   // questions of front ends that init has not answered yet
constexpr std::size_t kShownProgram = 80; // bytes of a program's name

std::string base_name(std::string const& path)
{
    return path.substr(path.rfind('/') + 1);
}

std::string words_of(InsideListener const& listener)
{
    bool const is_v6 = listener.address.find(':') != std::string::npos;
    auto const who = listener.program.empty() ? std::string("a program")
                                              : shown(base_name(listener.program), kShownProgram);
    return fmt::format("{} listens on {}{}{}:{} inside", who, is_v6 ? "[" : "",
        shown(listener.address), is_v6 ? "]" : "", listener.port);
}

} // namespace

std::string words_of(policy::control::PublishedPort const& port)
{
    std::string where;
    for (auto const& address : port.addresses)
        where += (where.empty() ? "" : " and ") + address;
    return fmt::format("{} {} to port {} inside", where,
        port.addresses.size() == 1 ? "leads" : "lead", port.inside_port);
}

SessionPorts::SessionPorts(
    sys::EventLoop& loop, policy::NetworkProfile const& network, PortHooks hooks)
    : network_(network), hooks_(std::move(hooks)),
      published_(loop, [this](WordConnect const& word) { return hooks_.ask_init(word); })
{
}

Result<policy::control::PublishedPort> SessionPorts::publish(std::string const& text)
{
    if (network_.listen == policy::ListenMode::None)
        return fail(
            Errc::Denied, "the profile says network.listen = \"none\": no port is published");
    LET(spec, policy::parse_publish(text));
    return published_.publish(spec);
}

Result<std::vector<std::string>> SessionPorts::publish_planned()
{
    auto wanted = network_.publish;
    if (network_.listen == policy::ListenMode::Publish)
        for (auto const port : network_.ports)
            wanted.push_back(std::to_string(port));
    std::vector<std::string> lines;
    for (auto const& text : wanted) {
        auto port = publish(text);
        if (!port.ok())
            return fail(
                port.error().code, fmt::format("--publish {}: {}", text, port.error().sentence));
        lines.push_back(words_of(*port));
        hooks_.tell("published", lines.back());
    }
    return lines;
}

void SessionPorts::agent_started()
{
    is_running_ = true;
    published_.open();
}

void SessionPorts::agent_ended()
{
    is_running_ = false;
    published_.close();
}

void SessionPorts::hear(ClientId client, policy::control::ListPorts const& list_ports)
{
    bool const may_wait = is_running_ && waiting_.size() < kMaxWaiting;
    if (may_wait && hooks_.ask_init(WordListListeners{}).ok())
        waiting_.push_back({client, list_ports.n});
    else
        hooks_.reply(client, list(list_ports.n));
}

void SessionPorts::hear(ClientId client, policy::control::Publish const& wanted)
{
    auto const port = publish(wanted.port);
    if (!port.ok())
        return hooks_.reply(client,
            policy::control::Reply{wanted.n, false, "not_published", port.error().sentence});
    hooks_.tell("published", words_of(*port));
    hooks_.reply(client, policy::control::Published{wanted.n, *port});
}

void SessionPorts::hear(ClientId client, policy::control::Unpublish const& wanted)
{
    bool const found = published_.unpublish(wanted.host_port);
    if (found)
        hooks_.tell("unpublished",
            fmt::format("port {} of this machine leads nowhere any more", wanted.host_port));
    hooks_.reply(
        client, policy::control::Reply{wanted.n, found, found ? "" : "not_found",
                    found ? "" : fmt::format("port {} is not published", wanted.host_port)});
}

void SessionPorts::hear(WordListeners const& word)
{
    for (auto const& listener : table_.update(word.listeners))
        hooks_.tell("listening", words_of(listener));
    for (auto const& one : std::exchange(waiting_, {}))
        hooks_.reply(one.client, list(one.n));
}

policy::control::PortList SessionPorts::list(std::uint64_t n) const
{
    policy::control::PortList list;
    list.n = n;
    for (auto const& one : table_.now())
        list.listeners.push_back({one.address, one.program, one.port, one.pid});
    list.published = published_.list();
    return list;
}

void SessionPorts::stirred(Instant now)
{
    if (is_running_)
        table_.stirred(now);
}

void SessionPorts::tick(Instant now)
{
    if (is_running_ && table_.take_due(now))
        static_cast<void>(hooks_.ask_init(WordListListeners{}).ok()); // the next stir asks again
}

} // namespace osh::launcher
