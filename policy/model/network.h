#pragma once
// The network part of a policy as types: what the schema's `network_policies` and
// `network_middlewares` say, read and resolved (presets expanded, patterns compiled). What it is
// not: the index that evaluate() walks (policy/compile/network_index.h).

#include "policy/base/ip_address.h"
#include "policy/base/source_text.h"
#include "policy/model/git.h"
#include "policy/model/glob.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace osh::policy
{

enum class Protocol : std::uint8_t { None, Tcp, Rest, WebSocket, GraphQl, Sql, JsonRpc, Mcp };
enum class TlsMode : std::uint8_t { Auto, Skip };
enum class EnforcementMode : std::uint8_t { Audit, Enforce };
enum class PersistedQueries : std::uint8_t { Deny, AllowRegistered };

std::string_view name_of(Protocol protocol); // "" for None
bool is_inspected(Protocol protocol);        // its requests are read and judged
bool is_json_rpc_family(Protocol protocol);

// A glob, or a list of which one must match.
struct Matcher {
    std::vector<Glob> any;
    bool matches(std::string_view value) const;
    bool is_valid() const;
};

struct KeyedMatcher {
    std::string key;
    Matcher matcher;
};

// A path glob; "**" is everything, absent matches nothing in an allow and everything in a deny.
struct PathPattern {
    Glob glob;
    bool is_everything = false;
    bool is_absent = true;
    bool matches(std::string_view canonical_path) const;
};
PathPattern path_pattern(std::string_view text);

struct L7Rule {
    std::string method; // as written; "*" is any
    PathPattern path;
    std::vector<KeyedMatcher> query;
    std::string command;        // sql
    std::string operation_type; // graphql, lower case; "*" is any
    std::optional<Glob> operation_name;
    std::vector<Glob> fields;
    Glob rpc_method;             // mcp
    std::optional<Matcher> tool; // mcp: `tool` or `params.name`
    std::optional<GitRule> git;  // rest: instead of method and path
    bool is_preset = false;      // made from `access`
    bool is_broken = false;      // a pattern of it cannot be evaluated: fail closed
    std::uint32_t line = 0;
};

struct RegisteredQuery {
    std::string key; // hash or id
    std::string operation_type;
    std::string operation_name;
    std::vector<std::string> fields;
};

struct CredentialFields { // carried to the credential layer
    bool websocket_rewrite = false;
    bool request_body_rewrite = false;
    bool allow_uninspected = false;
    std::string signing; // "", "sigv4", "sigv4:body", "sigv4:no_body"
    std::string signing_service;
    std::string signing_region;
    std::string binding_provider;
};

constexpr std::uint32_t kDefaultInspectedBody = 65'536; // the schema's default

struct Endpoint {
    std::string host; // as written
    Glob host_glob;   // lower case; only when has_wildcard
    bool has_wildcard = false;
    std::vector<std::uint16_t> ports; // sorted
    std::string path;                 // as written
    PathPattern path_rule;            // how a rule sees it: "*" stops at "/"
    std::size_t path_specificity = 0;
    Protocol protocol = Protocol::None;
    bool has_implied_protocol = false; // rules without a protocol: judged as rest
    TlsMode tls = TlsMode::Auto;
    EnforcementMode enforcement = EnforcementMode::Audit;
    std::string access;
    std::vector<L7Rule> rules;
    std::vector<L7Rule> deny_rules;
    std::vector<AddressBlock> allowed_ips;
    std::vector<std::string> allowed_ips_text; // sorted, lower case, for comparisons
    bool allow_encoded_slash = false;
    CredentialFields credentials;
    PersistedQueries persisted_queries = PersistedQueries::Deny;
    std::vector<RegisteredQuery> registered_queries;
    std::uint32_t graphql_max_body_bytes = kDefaultInspectedBody;
    std::uint32_t rpc_max_body_bytes = kDefaultInspectedBody;
    bool strict_tool_names = true;
    bool allow_all_known_mcp_methods = false;
    bool has_tls_word = false; // `tls` is written, whatever it says
    bool has_broken_rule = false;
    std::uint32_t entry = 0; // index of its NetworkEntry
    std::uint32_t line = 0;

    bool has_graphql_policy() const;
    bool has_git_rules() const;
    bool selects_path(std::string_view canonical_path) const; // crossing "/", "/x/**" takes "/x"
    bool is_exact_host(std::string_view lower_host) const;

    Glob path_selector; // how the parsing configuration is chosen: "*" crosses "/"
};

struct BinaryPattern {
    std::string path;
    Glob glob; // only when has_wildcard
    bool has_wildcard = false;
    bool is_everything = false; // "**" or "/**"
    bool matches(std::string_view binary) const;
};

struct NetworkEntry { // one `network_policies.<key>`
    std::string key;
    std::string name;
    std::vector<BinaryPattern> binaries;
    std::string file; // or "approval …"
    std::uint32_t line = 0;
};

enum class OnError : std::uint8_t { FailClosed, FailOpen };

struct Middleware {
    std::string key;
    std::string name;
    std::string implementation;
    std::int32_t order = 0;
    OnError on_error = OnError::FailClosed;
    std::vector<std::string> include; // as written
    std::vector<std::string> exclude;
    std::vector<Glob> include_globs; // lower case, same order
    std::vector<Glob> exclude_globs;
    std::uint32_t line = 0;

    bool selects(std::string_view lower_host) const;
};

} // namespace osh::policy
