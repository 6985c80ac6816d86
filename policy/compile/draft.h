#pragma once
// What the compiler holds between reading and indexing: the model's types with the nodes they came
// from, so that each check can point at the exact token. Lives for one compile_policy call.

#include "policy/compile/findings.h"
#include "policy/compile/policy.h"
#include "policy/model/network.h"

#include <string>
#include <vector>

namespace osh::policy
{

struct EndpointDraft {
    Endpoint endpoint;
    Node const* node = nullptr; // the endpoint's map; its document outlives the draft
    Findings* findings = nullptr;
};

struct EntryDraft {
    NetworkEntry entry;
    std::vector<EndpointDraft> endpoints;
    Node const* node = nullptr;
};

struct MiddlewareDraft {
    Middleware middleware;
    Node const* node = nullptr;
    Findings* findings = nullptr;
};

struct LayerDraft {
    FilesystemSection filesystem;
    LandlockCompatibility landlock = LandlockCompatibility::BestEffort;
    std::vector<EntryDraft> entries;
    std::vector<MiddlewareDraft> middlewares;
};

struct ReadOptions {
    Enforcement enforcement = Enforcement::AsWritten;
    std::string origin; // file, or "approval …"
};

// read_policy.cc: one document.
LayerDraft read_layer(Findings& findings, Node const& root, ReadOptions const& options);
// read_endpoint.cc
EndpointDraft read_endpoint(Findings& findings, Node const& node, ReadOptions const& options);
// read_rules.cc
enum class RuleSide : std::uint8_t { Allow, Deny };
void read_rules(Findings& findings, MapReader const& map, Endpoint& endpoint);
// read_git_rule.cc: `git` of a rule. False: a pattern of it cannot be evaluated.
bool read_git_rule(Findings& findings, Node const& node, RuleSide side, GitRule& out);
// presets.cc: `access` and the MCP method profile become rules.
void expand_access(Endpoint& endpoint);

// Checks between the fields of one endpoint; each adds to the draft's findings.
void validate_endpoint(EndpointDraft const& draft);     // validate_endpoint.cc
void validate_explicit_tcp(EndpointDraft const& draft); // validate_tcp.cc
void validate_rules(EndpointDraft const& draft);        // validate_rules.cc
void validate_rpc_rules(EndpointDraft const& draft);    // validate_rpc_rules.cc
void validate_git_rules(EndpointDraft const& draft);    // read_git_rule.cc
// Checks across a document.
void validate_middlewares(std::vector<MiddlewareDraft> const& middlewares,
    std::vector<EntryDraft> const& entries);                        // validate_middlewares.cc
void validate_no_ambiguity(std::vector<EntryDraft> const& entries); // ambiguity.cc

} // namespace osh::policy
