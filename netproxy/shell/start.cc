// The first message of the supervisor and the texts that come with it.

#include "launcher/sys/io.h"
#include "netproxy/shell/driver.h"
#include "policy/base/diagnostic.h"

namespace osh::netproxy::shell
{
namespace
{

constexpr std::size_t kMaxAnchors = 8u << 20; // a distribution's bundle is 220 KiB
constexpr std::size_t kMaxLayers = 64u << 20;
constexpr std::size_t kSetupDescriptors = 5;

} // namespace

Result<std::shared_ptr<policy::Policy const>> compile_layers(
    sys::Fd const& memfd, bool default_enforce)
{
    LET(text, sys::read_all(memfd, kMaxLayers));
    LET(layers, policy::decode_layers(text));
    std::vector<policy::PolicyLayer> named;
    named.reserve(layers.size());
    for (auto& layer : layers) {
        if (layer.rank > static_cast<std::uint32_t>(policy::LayerRank::Global))
            return fail(Errc::Malformed, "a policy layer of an unknown rank");
        named.push_back({std::move(layer.name), std::move(layer.text), std::move(layer.approval),
            static_cast<policy::LayerRank>(layer.rank)});
    }
    auto const enforcement =
        default_enforce ? policy::Enforcement::DefaultEnforce : policy::Enforcement::AsWritten;
    auto compiled = policy::compile_policy(named, enforcement);
    if (compiled.policy == nullptr)
        return fail(Errc::Invalid, render(compiled.diagnostics));
    return compiled.policy;
}

Result<> say_authority(sys::Fd const& supervisor, proxy::AgentTls const& agent_tls)
{
    auto const message =
        policy::encode(policy::FromNetproxy(policy::Authority{agent_tls.ca_pem()}));
    return sys::send_message(supervisor, bytes_of(message));
}

Result<Start> receive_start(sys::Fd const& supervisor)
{
    LET(received, sys::receive_message(supervisor, policy::kMaxMessage));
    if (received.bytes.empty())
        return fail(Errc::Closed, "the supervisor is gone");
    LET(message, policy::decode_to_netproxy(text_of(received.bytes)));
    auto* setup = std::get_if<policy::Setup>(&message);
    if (setup == nullptr || received.descriptors.size() != kSetupDescriptors)
        return fail(Errc::Malformed, "the first message is not a set-up with five descriptors");
    Start start;
    start.setup = std::move(*setup);
    start.tun = std::move(received.descriptors[0]);
    start.init = std::move(received.descriptors[1]);
    LET(anchors, sys::read_all(received.descriptors[2], kMaxAnchors));
    LET(hosts, sys::read_all(received.descriptors[3], kMaxHosts));
    start.anchors = std::move(anchors);
    start.hosts = std::move(hosts);
    LET(policy, compile_layers(received.descriptors[4], start.setup.default_enforce));
    start.policy = std::move(policy);
    return start;
}

} // namespace osh::netproxy::shell
