// Two endpoints that can meet in one request must not say different things about how its bytes are
// handled: TLS, addresses, protocol, enforcement, rewriting. What they allow may differ: allows are
// a union. Binaries are not part of the test, as upstream.

#include "policy/base/text.h"
#include "policy/compile/draft.h"
#include "policy/model/host_pattern.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>
#include <unordered_map>

namespace osh::policy
{
namespace
{

constexpr std::size_t kMostReported = 20; // one mistake in a long list would fill the screen

Protocol written_protocol(Endpoint const& endpoint)
{
    return endpoint.has_implied_protocol || endpoint.protocol == Protocol::Tcp ? Protocol::None
                                                                               : endpoint.protocol;
}

bool has_pipeline(Endpoint const& endpoint)
{
    return written_protocol(endpoint) != Protocol::None || !endpoint.allowed_ips.empty()
           || endpoint.has_tls_word || !endpoint.credentials.binding_provider.empty();
}

bool ports_overlap(Endpoint const& a, Endpoint const& b)
{
    return std::ranges::any_of(
        a.ports, [&](std::uint16_t port) { return std::ranges::binary_search(b.ports, port); });
}

bool paths_overlap(std::string const& a, std::string const& b)
{
    auto is_all = [](std::string const& path) {
        return path.empty() || path == "**" || path == "/**";
    };
    return is_all(a) || is_all(b) || may_overlap(a, b, Glob::kNoSeparator);
}

class Comparison
{
public:
    Comparison(Endpoint const& a, Endpoint const& b) : a_(a), b_(b) {}

    std::string conflicts()
    {
        note("protocol tcp", (a_.protocol == Protocol::Tcp) == (b_.protocol == Protocol::Tcp));
        note("tls", a_.tls == b_.tls);
        note("allowed_ips", a_.allowed_ips_text == b_.allowed_ips_text);
        bool const compete = has_pipeline(a_) && has_pipeline(b_) && paths_overlap(a_.path, b_.path)
                             && a_.path_specificity == b_.path_specificity;
        if (compete)
            compare_pipeline();
        return found_;
    }

private:
    void note(std::string_view field, bool agrees)
    {
        if (!agrees)
            (found_ += found_.empty() ? "" : ", ") += field;
    }

    void compare_pipeline()
    {
        Protocol const protocol = written_protocol(a_);
        bool const is_same = protocol == written_protocol(b_);
        note("protocol", is_same);
        note("enforcement", a_.enforcement == b_.enforcement);
        note("allow_encoded_slash", a_.allow_encoded_slash == b_.allow_encoded_slash);
        compare_credentials(a_.credentials, b_.credentials);
        if (is_same && protocol == Protocol::WebSocket)
            note("GraphQL rules", a_.has_graphql_policy() == b_.has_graphql_policy());
        if (is_same && protocol == Protocol::GraphQl)
            note("graphql_max_body_bytes", a_.graphql_max_body_bytes == b_.graphql_max_body_bytes);
        if (is_same && is_json_rpc_family(protocol))
            note("max_body_bytes", a_.rpc_max_body_bytes == b_.rpc_max_body_bytes);
        if (is_same && protocol == Protocol::Mcp)
            note("strict_tool_names", a_.strict_tool_names == b_.strict_tool_names);
    }

    void compare_credentials(CredentialFields const& a, CredentialFields const& b)
    {
        note("websocket_credential_rewrite", a.websocket_rewrite == b.websocket_rewrite);
        note("request_body_credential_rewrite", a.request_body_rewrite == b.request_body_rewrite);
        note("credential_signing", a.signing == b.signing);
        note("signing_service", a.signing_service == b.signing_service);
        note("signing_region", a.signing_region == b.signing_region);
        note("credential_binding", a.binding_provider == b.binding_provider);
    }

    Endpoint const& a_;
    Endpoint const& b_;
    std::string found_;
};

struct Item {
    EndpointDraft const* draft;
    EntryDraft const* entry;
    std::string host;        // lower case
    std::string_view suffix; // its literal labels at the end
};

// "*.eu.example.com" -> "eu.example.com"; an exact host is its own end.
std::string_view literal_end(std::string_view host)
{
    std::size_t const special = host.find_last_of("*");
    if (special == std::string_view::npos)
        return host;
    std::size_t const dot = host.find('.', special);
    return dot == std::string_view::npos ? std::string_view{} : host.substr(dot + 1);
}

class Search
{
public:
    explicit Search(std::vector<EntryDraft> const& entries)
    {
        for (auto const& entry : entries)
            for (auto const& draft : entry.endpoints)
                items_.push_back({&draft, &entry, to_lower_ascii(draft.endpoint.host), {}});
        for (auto& item : items_)
            item.suffix = literal_end(item.host);
    }

    // Two hosts can only meet if one's literal end is an end of the other's: names are found by
    // their ends, so that a long list of hosts is not compared pair by pair.
    void run()
    {
        for (std::size_t i = 0; i < items_.size(); ++i) {
            for (std::string_view end = items_[i].suffix;; end = parent_of(end)) {
                below_[end].push_back(i);
                if (end.empty())
                    break;
            }
            if (is_pattern(i))
                patterns_at_[items_[i].suffix].push_back(i);
        }
        for (std::size_t i = 0; i < items_.size() && reported_ < kMostReported; ++i) {
            if (is_pattern(i))
                compare_pattern(i);
            else
                compare_exact(i);
        }
    }

private:
    static std::string_view parent_of(std::string_view name)
    {
        std::size_t const dot = name.find('.');
        return dot == std::string_view::npos ? std::string_view{} : name.substr(dot + 1);
    }

    bool is_pattern(std::size_t i) const
    {
        Endpoint const& endpoint = items_[i].draft->endpoint;
        return endpoint.has_wildcard || endpoint.host.empty();
    }

    void compare_exact(std::size_t i)
    {
        for (std::size_t j : below_[items_[i].suffix])
            if (j > i && !is_pattern(j) && items_[j].host == items_[i].host)
                compare(i, j);
    }

    void compare_pattern(std::size_t i)
    {
        for (std::size_t j : below_[items_[i].suffix])
            if (j != i && (j > i || !is_pattern(j)))
                compare_hosts(i, j);
        for (std::string_view end = items_[i].suffix; !end.empty();) {
            end = parent_of(end);
            for (std::size_t j : patterns_at_[end])
                if (j > i)
                    compare_hosts(i, j);
        }
    }

    void compare_hosts(std::size_t i, std::size_t j)
    {
        if (items_[i].host.empty() || items_[j].host.empty()
            || may_overlap(items_[i].host, items_[j].host, '.'))
            compare(std::min(i, j), std::max(i, j));
    }

    void compare(std::size_t i, std::size_t j)
    {
        Endpoint const& a = items_[i].draft->endpoint;
        Endpoint const& b = items_[j].draft->endpoint;
        if (reported_ >= kMostReported || !ports_overlap(a, b))
            return;
        std::string const conflicts = Comparison(a, b).conflicts();
        if (conflicts.empty())
            return;
        ++reported_;
        Node const& node = *items_[j].draft->node;
        items_[j].draft->findings->error(node.find("host") ? node.find("host")->span : node.span,
            "ambiguous-endpoint",
            {fmt::format("network endpoint ambiguity validation failed: this and line {} in {} can "
                         "meet in one request and differ in: {}",
                 a.line, in_quotes(items_[i].entry->entry.key, 60), conflicts),
                "make the two agree, or give them different paths"});
    }

    std::vector<Item> items_;
    std::unordered_map<std::string_view, std::vector<std::size_t>> below_;
    std::unordered_map<std::string_view, std::vector<std::size_t>> patterns_at_;
    std::size_t reported_ = 0;
};

} // namespace

void validate_no_ambiguity(std::vector<EntryDraft> const& entries)
{
    Search(entries).run();
}

} // namespace osh::policy
