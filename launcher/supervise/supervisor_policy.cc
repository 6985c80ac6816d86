// `osh policy set`: a new network policy for a running session. Compiled here first, so that the
// person gets the diagnostics; loaded by netproxy, which has the last word.

#include "launcher/supervise/supervisor_class.h"

#include <fmt/core.h>

namespace osh::launcher
{

void Supervisor::set_policy(ClientId client, policy::control::SetPolicy const& set)
{
    policy::control::PolicyResult result{set.n, false, generation_, ""};
    std::vector<policy::PolicyLayer> layers{{set.name, set.text, "", policy::LayerRank::User}};
    for (auto const& layer : request_.layers)
        if (!layer.approval.empty() || layer.rank == policy::LayerRank::Project
            || layer.rank == policy::LayerRank::Global)
            layers.push_back(layer);
    auto const enforcement = request_.profile.policy.default_enforce
                                 ? policy::Enforcement::DefaultEnforce
                                 : policy::Enforcement::AsWritten;
    auto const compiled = policy::compile_policy(layers, enforcement);
    if (!compiled.policy)
        result.text = render(compiled.diagnostics);
    else if (!netproxy_ || netproxy_->is_gone())
        result.text = "this session has no network";
    else if (pending_policy_)
        result.text = "another policy is being loaded";
    else if (auto sent = netproxy_->send_policy(generation_ + 1, layers); !sent.ok())
        result.text = sent.error().sentence;
    else {
        pending_policy_ = PendingPolicy{generation_ + 1, set.n, client, std::move(layers)};
        return;
    }
    desk_->server().send(client, result);
}

void Supervisor::on_policy_loaded(policy::PolicyLoaded const& loaded)
{
    if (!pending_policy_ || loaded.generation != pending_policy_->generation)
        return;
    auto pending = *std::move(pending_policy_);
    pending_policy_.reset();
    if (loaded.ok) {
        generation_ = loaded.generation;
        request_.layers = std::move(pending.layers);
        note("policy", fmt::format("generation {} loaded", generation_));
    }
    desk_->server().send(pending.client,
        policy::control::PolicyResult{pending.number, loaded.ok, generation_, loaded.error});
}

} // namespace osh::launcher
