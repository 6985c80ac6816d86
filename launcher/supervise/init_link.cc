#include "launcher/supervise/init_link.h"

#include "launcher/sys/channel.h"
#include "launcher/sys/io.h"
#include "launcher/sys/signals.h"
#include "launcher/sys/spawn.h"

#include <csignal>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxInitMessage = 64 * 1024;

} // namespace

Result<std::unique_ptr<InitLink>> InitLink::start(
    sys::EventLoop& loop, sys::Fd pidfd, sys::Fd channel, InitHooks hooks)
{
    std::unique_ptr<InitLink> link(new InitLink(loop, std::move(hooks)));
    link->pidfd_ = std::move(pidfd);
    link->channel_ = std::move(channel);
    InitLink* const raw = link.get();
    TRY(sys::set_nonblocking(raw->channel_));
    LET(words, loop.watch(raw->channel_, sys::Interest::Read, [raw](auto) { raw->on_word(); }));
    raw->watches_.push_back(words);
    LET(end, loop.watch(raw->pidfd_, sys::Interest::Read, [raw](auto) { raw->on_end(); }));
    raw->watches_.push_back(end);
    return link;
}

InitLink::~InitLink()
{
    for (auto const watch : watches_)
        loop_.unwatch(watch);
    if (is_gone_)
        return;
    kill();
    (void)sys::reap(pidfd_).ok();
}

Result<> InitLink::send(ToInit const& word)
{
    return sys::send_message(channel_, encode(word));
}

void InitLink::kill()
{
    sys::kill_process(pidfd_, SIGKILL);
}

void InitLink::on_word()
{
    while (!is_gone_) {
        auto received = sys::receive_message(channel_, kMaxInitMessage);
        if (!received.ok() && received.error().code == Errc::Busy)
            return;
        if (!received.ok() || received->bytes.empty()) {
            loop_.unwatch(watches_[0]); // its end follows on the pidfd, whether it means to or not
            return kill();
        }
        auto word = decode_from_init(received->bytes);
        if (!word.ok())
            return kill();
        auto const* connecting = std::get_if<WordConnecting>(&*word);
        if (connecting == nullptr)
            hooks_.said(*word);
        else
            hooks_.connecting(*connecting, received->descriptors.size() == 1
                                               ? std::move(received->descriptors.front())
                                               : sys::Fd());
    }
}

void InitLink::on_end()
{
    if (is_gone_)
        return;
    on_word(); // what it said before its end
    is_gone_ = true;
    for (auto const watch : watches_)
        loop_.unwatch(watch);
    auto status = sys::reap(pidfd_);
    std::string how = "ended";
    if (status.ok())
        how = status->by_signal ? fmt::format("stopped ({})", sys::signal_name(status->value))
                                : fmt::format("ended with status {}", status->value);
    hooks_.gone(how);
}

} // namespace osh::launcher
