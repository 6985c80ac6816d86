// network_middlewares: how many, which, in what order, on which hosts; and that none is expected to
// look into traffic that `tls: skip` keeps closed.

#include "policy/base/text.h"
#include "policy/compile/draft.h"
#include "policy/model/host_pattern.h"

#include <algorithm>
#include <fmt/core.h>
#include <map>

namespace osh::policy
{
namespace
{

constexpr std::size_t kMostMiddlewares = 10;
constexpr std::size_t kMostPatterns = 32;
constexpr std::size_t kLargestConfig = 64 * 1024;
constexpr std::string_view kBuiltIn = "openshell/regex";

Span span_of(MiddlewareDraft const& draft, std::string_view key)
{
    Node const* const value = draft.node->find(key);
    return value ? value->span : draft.node->span;
}

std::string_view flaw_of_selector(std::string_view pattern)
{
    if (trimmed(pattern).empty())
        return "a host pattern must not be empty";
    if (pattern.find_first_of("{}[]?\\") != std::string_view::npos)
        return "a middleware selects hosts with \"*\" and \"**\" only";
    if (pattern.find_first_of(" \t/:@") != std::string_view::npos)
        return "this is not a host pattern";
    for (auto label : split(pattern, '.'))
        if (label.empty())
            return "a host pattern has no empty labels";
    for (auto label : split(pattern, '.'))
        if (label.find("**") != std::string_view::npos && label != "**")
            return "\"**\" must be a whole label";
    return {};
}

void check_selector(MiddlewareDraft const& draft)
{
    Middleware const& middleware = draft.middleware;
    if (middleware.include.empty()) {
        draft.findings->error(span_of(draft, "endpoints"), "missing-selector",
            {fmt::format("middleware {} selects no host", in_quotes(middleware.key, 60)),
                "add \"endpoints: { include: [api.example.com] }\""});
        return;
    }
    std::size_t const count = middleware.include.size() + middleware.exclude.size();
    if (count > kMostPatterns)
        draft.findings->error(span_of(draft, "endpoints"), "too-many-patterns",
            {fmt::format("{} host patterns, the limit is {}", count, kMostPatterns)});
    Node const* const selector = draft.node->find("endpoints");
    for (std::string_view key : {"include", "exclude"}) {
        Node const* const list = selector ? selector->find(key) : nullptr;
        for (std::size_t i = 0; list && i < list->items.size(); ++i)
            if (auto flaw = flaw_of_selector(list->items[i].scalar); !flaw.empty())
                draft.findings->error(list->items[i].span, "bad-selector", {std::string(flaw)});
    }
}

std::size_t size_of(Node const& node)
{
    std::size_t total = node.scalar.size() + 2;
    for (auto const& item : node.items)
        total += size_of(item);
    for (auto const& entry : node.entries)
        total += entry.key.size() + size_of(entry.value) + 4;
    return total;
}

void check_implementation(MiddlewareDraft const& draft)
{
    std::string const& name = draft.middleware.implementation;
    if (name.empty())
        draft.findings->error(span_of(draft, "middleware"), "missing-middleware",
            {"a network middleware needs the name of its implementation",
                fmt::format("osh has {}", kBuiltIn)});
    else if (name != kBuiltIn)
        draft.findings->error(span_of(draft, "middleware"), "unknown-middleware",
            {fmt::format("middleware {} does not exist here", in_quotes(name, 60)),
                fmt::format("osh has {}", kBuiltIn)});
    Node const* const config = draft.node->find("config");
    if (config && size_of(*config) > kLargestConfig)
        draft.findings->error(config->span, "too-large",
            {fmt::format("config is larger than {} bytes", kLargestConfig)});
}

bool selects(Middleware const& middleware, std::string const& host)
{
    std::string const lower = to_lower_ascii(host);
    auto const covers = [&](std::string const& pattern) {
        return Glob(to_lower_ascii(pattern), '.').matches(lower);
    };
    if (std::ranges::any_of(middleware.exclude, covers))
        return false;
    return std::ranges::any_of(middleware.include, [&](std::string const& pattern) {
        return may_overlap(to_lower_ascii(pattern), lower, '.');
    });
}

void check_skipped_tls(MiddlewareDraft const& draft, std::vector<EntryDraft> const& entries)
{
    if (draft.middleware.on_error != OnError::FailClosed)
        return;
    for (auto const& entry : entries)
        for (auto const& other : entry.endpoints) {
            Endpoint const& endpoint = other.endpoint;
            if (endpoint.tls == TlsMode::Skip && selects(draft.middleware, endpoint.host))
                other.findings->error(other.node->span, "skip-and-middleware",
                    {fmt::format("middleware {} must look into this traffic, tls: skip forbids it",
                         in_quotes(draft.middleware.key, 60)),
                        "exclude the host, or write on_error: fail_open"});
        }
}

} // namespace

void validate_middlewares(
    std::vector<MiddlewareDraft> const& middlewares, std::vector<EntryDraft> const& entries)
{
    std::map<std::int32_t, std::string> orders;
    for (std::size_t i = 0; i < middlewares.size(); ++i) {
        MiddlewareDraft const& draft = middlewares[i];
        if (draft.node->kind != NodeKind::Map)
            continue;
        if (i == kMostMiddlewares)
            draft.findings->error(draft.node->span, "too-many-middlewares",
                {fmt::format("more than {} network middlewares", kMostMiddlewares)});
        if (draft.middleware.key.empty())
            draft.findings->error(draft.node->span, "empty-key", {"a middleware needs a name"});
        auto const [first, is_new] = orders.emplace(draft.middleware.order, draft.middleware.key);
        if (!is_new)
            draft.findings->error(span_of(draft, "order"), "duplicate-order",
                {fmt::format("order {} is used by {} already", draft.middleware.order,
                    in_quotes(first->second, 60))});
        check_implementation(draft);
        check_selector(draft);
        check_skipped_tls(draft, entries);
    }
}

} // namespace osh::policy
