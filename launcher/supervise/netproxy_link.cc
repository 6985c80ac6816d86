#include "launcher/supervise/netproxy_link.h"

#include "launcher/supervise/core/setup.h"
#include "launcher/sys/channel.h"
#include "launcher/sys/io.h"
#include "launcher/sys/signals.h"
#include "policy/base/text.h"

#include <csignal>
#include <fcntl.h>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr Duration kAuthorityLimit = 30s; // a key and a certificate: less than a millisecond
constexpr Duration kSilentEnd = 500ms;    // from the channel's end to the process's
constexpr int kMessagesPerTurn = 64;      // then other descriptors get their turn

std::string words_of(sys::WaitStatus const& status)
{
    if (status.by_signal)
        return fmt::format("stopped ({})", sys::signal_name(status.value));
    if (status.value == 127)
        return "could not be started";
    return fmt::format("ended with status {}", status.value);
}

Result<sys::Fd> layers_file(std::vector<policy::PolicyLayer> const& layers)
{
    std::vector<policy::LayerText> texts;
    for (auto const& layer : layers)
        texts.push_back(
            {layer.name, layer.text, layer.approval, static_cast<std::uint32_t>(layer.rank)});
    return sys::sealed_memfd("osh-policy", policy::encode_layers(texts));
}

} // namespace

Result<std::unique_ptr<NetproxyLink>> NetproxyLink::start(
    sys::EventLoop& loop, NetproxyProcess process, NetproxyHooks hooks)
{
    std::unique_ptr<NetproxyLink> link(new NetproxyLink(loop, std::move(hooks)));
    link->process_ = std::move(process.process_);
    link->channel_ = std::move(process.channel_);
    link->errors_pipe_ = std::move(process.errors_);
    TRY(sys::set_nonblocking(link->errors_pipe_));
    TRY(link->watch());
    return link;
}

Result<> NetproxyLink::watch()
{
    TRY(sys::set_nonblocking(channel_));
    LET(messages, loop_.watch(channel_, sys::Interest::Read, [this](auto) { on_message(); }));
    LET(errors, loop_.watch(errors_pipe_, sys::Interest::Read, [this](auto) { on_errors(); }));
    LET(end, loop_.watch(process_.pidfd, sys::Interest::Read, [this](auto) { on_end(); }));
    watches_ = {messages, errors, end};
    return {};
}

NetproxyLink::~NetproxyLink()
{
    for (auto const watch : watches_)
        loop_.unwatch(watch);
    if (is_gone_ || !process_.pidfd.is_open())
        return;
    sys::kill_process(process_.pidfd, SIGKILL);
    (void)sys::reap(process_.pidfd).ok();
}

std::string NetproxyLink::await_authority()
{
    auto const received =
        sys::receive_message_before(channel_, policy::kMaxMessage, sys::now() + kAuthorityLimit);
    if (!received.ok() || received->bytes.empty())
        return {};
    auto message = policy::decode_from_netproxy(text_of(received->bytes));
    auto* authority = message.ok() ? std::get_if<policy::Authority>(&*message) : nullptr;
    if (authority != nullptr)
        return std::move(authority->ca_pem);
    fail_with("did not begin with its certificate");
    return {};
}

Result<> NetproxyLink::set_up(
    SessionRequest& request, Sandbox const& sandbox, std::string const& session)
{
    auto setup = setup_for(request.profile, session);
    auto names = read_name_sources(request.profile.network.hosts);
    setup.resolvers = std::move(names.resolvers);
    if (request.profile.network.uses_proxy)
        TRY(add_proxies(setup, request.facts.environment));
    LET(hosts, sys::sealed_memfd("osh-hosts", names.hosts));
    LET(layers, layers_file(request.layers));
    sys::Fd anchors;
    if (request.facts.trust_bundle.empty()) {
        LET(none, sys::sealed_memfd("osh-no-anchors", ""));
        anchors = std::move(none);
    } else {
        LET(bundle, sys::open_path(request.facts.trust_bundle, O_RDONLY));
        anchors = std::move(bundle);
    }
    std::string const message = policy::encode(policy::ToNetproxy(setup));
    TRY(sys::send_message(channel_, bytes_of(message),
        {&sandbox.tun, &sandbox.owner_channel, &anchors, &hosts, &layers}));
    for (auto& secret : request.secrets) {
        policy::ToNetproxy lending(std::move(secret.words)); // one copy, wiped with the text
        auto& words = std::get<policy::Lend>(lending);
        words.value = secret.value.reveal();
        std::string lend = policy::encode(lending);
        credentials::wipe(words.value);
        auto sent = sys::send_message(channel_, bytes_of(lend));
        credentials::wipe(lend);
        TRY(std::move(sent));
    }
    request.secrets.clear();
    return {};
}

Result<> NetproxyLink::send(policy::ToNetproxy const& message)
{
    return sys::send_message(channel_, bytes_of(policy::encode(message)));
}

Result<> NetproxyLink::send_policy(
    std::uint64_t generation, std::vector<policy::PolicyLayer> const& layers)
{
    LET(file, layers_file(layers));
    std::string const message =
        policy::encode(policy::ToNetproxy(policy::PolicyUpdate{generation}));
    return sys::send_message(channel_, bytes_of(message), {&file});
}

Result<> NetproxyLink::send_names(NameSources const& names)
{
    LET(hosts, sys::sealed_memfd("osh-hosts", names.hosts));
    std::string const message =
        policy::encode(policy::ToNetproxy(policy::Resolvers{names.resolvers}));
    return sys::send_message(channel_, bytes_of(message), {&hosts});
}

void NetproxyLink::on_message()
{
    for (int i = 0; i < kMessagesPerTurn && !is_gone_; ++i) {
        auto received = sys::receive_message(channel_, policy::kMaxMessage);
        if (!received.ok()) {
            if (received.error().code != Errc::Busy)
                fail_with(received.error().sentence);
            return;
        }
        if (received->bytes.empty()) {
            // Its end follows on the pidfd, with the reason. One that only closed the channel is
            // ended a moment later: it cannot be asked or reloaded any more.
            loop_.unwatch(watches_[0]);
            kill_at_ = sys::now() + kSilentEnd;
            return;
        }
        auto message = policy::decode_from_netproxy(text_of(received->bytes));
        if (!message.ok())
            return fail_with("sent a message that cannot be read: " + message.error().sentence);
        hooks_.said(*message);
    }
}

void NetproxyLink::tick()
{
    if (is_gone_ || sys::now() < kill_at_)
        return;
    kill_at_ = Instant::never();
    sys::kill_process(process_.pidfd, SIGKILL); // told by the pidfd
}

void NetproxyLink::on_errors()
{
    std::string bytes(kMaxHelperErrors, '\0');
    auto count = sys::read_some(errors_pipe_, std::as_writable_bytes(std::span(bytes)));
    if (!count.ok() || *count == 0) {
        if (count.ok() || count.error().code != Errc::Busy)
            loop_.unwatch(watches_[1]);
        return;
    }
    errors_ += std::string_view(bytes).substr(0, *count);
    if (errors_.size() > kMaxHelperErrors)
        errors_.erase(0, errors_.size() - kMaxHelperErrors);
}

void NetproxyLink::on_end()
{
    if (is_gone_)
        return;
    on_message(); // what it said before its end
    on_errors();
    auto status = sys::reap(process_.pidfd);
    std::string how = status.ok() ? words_of(*status) : "ended";
    if (!errors_.empty())
        how += fmt::format(" (it said: {})", shown(trimmed(errors_), 300));
    fail_with(how);
}

void NetproxyLink::fail_with(std::string const& how)
{
    if (std::exchange(is_gone_, true))
        return;
    for (auto const watch : watches_)
        loop_.unwatch(watch);
    sys::kill_process(process_.pidfd, SIGKILL);
    (void)sys::reap(process_.pidfd).ok();
    if (!is_end_expected_)
        hooks_.gone(how);
}

} // namespace osh::launcher
