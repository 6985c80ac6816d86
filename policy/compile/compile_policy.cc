// Layers of text become one Policy: read each, check each and all together, build the index.

#include "policy/compile/compile_documents.h"
#include "policy/compile/draft.h"
#include "policy/compile/network_index.h"

#include <algorithm>
#include <deque>

namespace osh::policy
{
namespace
{

// Rules that name no protocol were meant to be judged: rest, and enforced.
void imply_protocol(Endpoint& endpoint, Node const& node)
{
    if (endpoint.protocol != Protocol::None)
        return;
    Node const* const word = node.find("enforcement");
    bool const enforces = word && word->scalar == "enforce";
    if (endpoint.rules.empty() && !(enforces && !endpoint.access.empty()))
        return;
    endpoint.protocol = Protocol::Rest;
    endpoint.has_implied_protocol = true;
    endpoint.enforcement = EnforcementMode::Enforce;
}

void check_endpoints(LayerDraft& layer)
{
    for (auto& entry : layer.entries)
        for (auto& draft : entry.endpoints) {
            if (draft.node->kind != NodeKind::Map)
                continue;
            validate_endpoint(draft);
            validate_explicit_tcp(draft);
            validate_rules(draft);
            validate_rpc_rules(draft);
            imply_protocol(draft.endpoint, *draft.node);
            expand_access(draft.endpoint);
        }
}

void append(LayerDraft& all, LayerDraft layer)
{
    if (layer.filesystem.is_present) {
        auto& to = all.filesystem;
        to.include_workdir =
            (to.is_present && to.include_workdir) || layer.filesystem.include_workdir;
        to.is_present = true;
        std::ranges::move(layer.filesystem.read_only, std::back_inserter(to.read_only));
        std::ranges::move(layer.filesystem.read_write, std::back_inserter(to.read_write));
    }
    if (layer.landlock == LandlockCompatibility::HardRequirement)
        all.landlock = layer.landlock;
    std::ranges::move(layer.entries, std::back_inserter(all.entries));
    std::ranges::move(layer.middlewares, std::back_inserter(all.middlewares));
}

std::shared_ptr<CompiledNetwork const> build_network(LayerDraft all)
{
    std::ranges::stable_sort(all.entries, {},
        [](EntryDraft const& draft) -> std::string const& { return draft.entry.key; });
    std::vector<NetworkEntry> entries;
    std::vector<Endpoint> endpoints;
    for (auto& draft : all.entries) {
        for (auto& endpoint : draft.endpoints) {
            endpoint.endpoint.entry = static_cast<std::uint32_t>(entries.size());
            endpoints.push_back(std::move(endpoint.endpoint));
        }
        entries.push_back(std::move(draft.entry));
    }
    std::vector<Middleware> middlewares;
    for (auto& draft : all.middlewares)
        middlewares.push_back(std::move(draft.middleware));
    std::ranges::sort(middlewares, {}, &Middleware::order);
    return std::make_shared<CompiledNetwork const>(
        std::move(entries), std::move(endpoints), std::move(middlewares));
}

// Of each source, from its top to its end.
void order_by_place(Diagnostics& diagnostics)
{
    auto begin = diagnostics.begin();
    while (begin != diagnostics.end()) {
        auto const rest = std::stable_partition(begin, diagnostics.end(),
            [source = begin->source](Diagnostic const& one) { return one.source == source; });
        std::stable_sort(begin, rest,
            [](Diagnostic const& a, Diagnostic const& b) { return a.span.begin < b.span.begin; });
        begin = rest;
    }
}

} // namespace

CompiledPolicy compile_documents(std::vector<LayerDocument> const& layers, Enforcement enforcement)
{
    CompiledPolicy out;
    LayerDraft all;
    all.filesystem.is_present = false;
    std::deque<Findings> findings; // drafts point at them
    for (auto const& layer : layers) {
        Diagnostics found = layer.document->diagnostics;
        findings.emplace_back(layer.document->source, out.diagnostics);
        bool const is_readable = !has_errors(found) || !layer.document->root.entries.empty();
        std::ranges::move(found, std::back_inserter(out.diagnostics));
        if (!is_readable)
            continue;
        LayerDraft draft =
            read_layer(findings.back(), layer.document->root, {enforcement, layer.origin});
        check_endpoints(draft);
        append(all, std::move(draft));
    }
    validate_middlewares(all.middlewares, all.entries);
    validate_no_ambiguity(all.entries);
    order_by_place(out.diagnostics);
    if (has_errors(out.diagnostics))
        return out;
    auto policy = std::make_shared<Policy>();
    policy->filesystem = all.filesystem;
    policy->landlock = all.landlock;
    policy->network = build_network(std::move(all));
    out.policy = std::move(policy);
    return out;
}

CompiledPolicy compile_policy(std::vector<PolicyLayer> const& layers, Enforcement enforcement)
{
    std::deque<Document> documents;
    std::vector<LayerDocument> parsed;
    for (auto const& layer : layers) {
        documents.push_back(read_yaml(layer.name, layer.text));
        parsed.push_back({&documents.back(),
            layer.approval.empty() ? layer.name : "approval " + layer.approval});
    }
    return compile_documents(parsed, enforcement);
}

} // namespace osh::policy
