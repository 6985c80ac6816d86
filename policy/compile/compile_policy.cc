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
            validate_git_rules(draft);
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

struct CompileRun {
    Enforcement enforcement;
    Diagnostics& diagnostics;
};

bool is_below(std::string const& path, std::string const& place)
{
    return path.starts_with(place)
           && (path.size() == place.size() || place.ends_with('/') || path[place.size()] == '/');
}

// The paths that both lists hold, themselves or by a folder above.
std::vector<std::string> common_paths(
    std::vector<std::string> const& a, std::vector<std::string> const& b)
{
    std::vector<std::string> out;
    auto const add = [&](auto const& from, auto const& in) {
        for (auto const& path : from)
            if (std::ranges::any_of(in, [&](auto const& place) { return is_below(path, place); })
                && std::ranges::find(out, path) == out.end())
                out.push_back(path);
    };
    add(a, b);
    add(b, a);
    return out;
}

// A writable place of one may be a readable one of the other: then it is readable.
void narrow(FilesystemSection& to, FilesystemSection const& ceiling)
{
    if (!ceiling.is_present)
        return;
    if (!to.is_present) {
        to = ceiling;
        return;
    }
    auto const readable = [](FilesystemSection const& section) {
        std::vector<std::string> out = section.read_only;
        std::ranges::copy(section.read_write, std::back_inserter(out));
        return out;
    };
    auto reads = common_paths(readable(to), readable(ceiling));
    auto writes = common_paths(to.read_write, ceiling.read_write);
    std::erase_if(reads,
        [&](std::string const& path) { return std::ranges::find(writes, path) != writes.end(); });
    to.include_workdir = to.include_workdir && ceiling.include_workdir;
    to.read_only = std::move(reads);
    to.read_write = std::move(writes);
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

LayerDraft read_layers(
    std::vector<LayerDocument> const& layers, Enforcement enforcement, Diagnostics& diagnostics)
{
    LayerDraft all;
    std::deque<Findings> findings; // drafts point at them
    for (auto const& layer : layers) {
        Diagnostics found = layer.document->diagnostics;
        findings.emplace_back(layer.document->source, diagnostics);
        bool const is_readable = !has_errors(found) || !layer.document->root.entries.empty();
        std::ranges::move(found, std::back_inserter(diagnostics));
        if (!is_readable)
            continue;
        LayerDraft draft =
            read_layer(findings.back(), layer.document->root, {enforcement, layer.origin});
        check_endpoints(draft);
        append(all, std::move(draft));
    }
    validate_middlewares(all.middlewares, all.entries);
    validate_no_ambiguity(all.entries);
    return all;
}

std::shared_ptr<Policy> policy_of(LayerDraft draft)
{
    auto policy = std::make_shared<Policy>();
    policy->filesystem = draft.filesystem;
    policy->landlock = draft.landlock;
    policy->network = build_network(std::move(draft));
    return policy;
}

bool is_granting(LayerRank rank)
{
    return !may_only_narrow(rank);
}

std::vector<LayerDocument> of_rank(std::vector<LayerDocument> const& layers, auto const& test)
{
    std::vector<LayerDocument> out;
    std::ranges::copy_if(layers, std::back_inserter(out),
        [&](LayerDocument const& layer) { return test(layer.rank); });
    return out;
}

// A layer that says nothing about the network narrows nothing of it.
bool names_network(std::vector<LayerDocument> const& layers)
{
    return std::ranges::any_of(layers, [](LayerDocument const& layer) {
        return layer.document->root.find("network_policies") != nullptr;
    });
}

void add_ceiling(
    Policy& policy, LayerRank rank, std::vector<LayerDocument> const& layers, CompileRun const& run)
{
    auto const own = of_rank(layers, [&](LayerRank of) { return of == rank; });
    if (own.empty())
        return;
    auto const ceiling = policy_of(read_layers(own, run.enforcement, run.diagnostics));
    narrow(policy.filesystem, ceiling->filesystem);
    if (ceiling->landlock == LandlockCompatibility::HardRequirement)
        policy.landlock = ceiling->landlock;
    if (!names_network(own))
        return;
    PolicyCeiling out{rank, ceiling, nullptr};
    auto const session = of_rank(layers, [](LayerRank of) { return of == LayerRank::Session; });
    Diagnostics said_already;
    if (rank == LayerRank::Project && !session.empty())
        out.exempt = policy_of(read_layers(session, run.enforcement, said_already));
    policy.ceilings.push_back(std::move(out));
}

} // namespace

bool may_only_narrow(LayerRank rank)
{
    return rank == LayerRank::Project || rank == LayerRank::Global;
}

std::string_view name_of(LayerRank rank)
{
    switch (rank) {
    case LayerRank::Profile: return "profile";
    case LayerRank::User: return "user";
    case LayerRank::Project: return "project";
    case LayerRank::Session: return "session";
    case LayerRank::Global: return "global";
    }
    return "global";
}

CompiledPolicy compile_documents(std::vector<LayerDocument> const& layers, Enforcement enforcement)
{
    CompiledPolicy out;
    auto policy =
        policy_of(read_layers(of_rank(layers, is_granting), enforcement, out.diagnostics));
    for (LayerRank const rank : {LayerRank::Project, LayerRank::Global})
        add_ceiling(*policy, rank, layers, {enforcement, out.diagnostics});
    order_by_place(out.diagnostics);
    if (!has_errors(out.diagnostics))
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
            layer.approval.empty() ? layer.name : "approval " + layer.approval, layer.rank});
    }
    return compile_documents(parsed, enforcement);
}

} // namespace osh::policy
