#include "policy/evaluate/graphql_request.h"

#include "policy/base/text.h"
#include "policy/evaluate/json_body.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>
#include <functional>

namespace osh::policy
{
namespace
{

using Operations = std::vector<GraphqlOperation>;

struct Envelope {
    std::string query;
    std::string operation_name;
    std::string hash;
    std::string id;
};

constexpr std::array<std::string_view, 3> kIds{"id", "documentId", "queryId"};
constexpr std::array<std::string_view, 1> kExtensions{"persistedQuery"}, kPersisted{"sha256Hash"};

// A text; nothing where it is absent or null. A server may make a text of anything else.
Result<std::string> text_at(JsonValue const& object, std::string_view key)
{
    JsonValue const* const value = object.find(key);
    if (value == nullptr || value->kind == JsonValue::Kind::Null)
        return std::string{};
    if (value->kind != JsonValue::Kind::String)
        return fail(Errc::Malformed, fmt::format("{} is no text", key));
    return value->text;
}

Result<std::string> persisted_hash(JsonValue const* extensions)
{
    if (extensions == nullptr)
        return std::string{};
    TRY(check_spelling(*extensions, kExtensions));
    JsonValue const* const query = extensions->find("persistedQuery");
    if (query == nullptr)
        return std::string{};
    TRY(check_spelling(*query, kPersisted));
    return text_at(*query, "sha256Hash");
}

// A hash beside the document is how clients register it; the server compares the two.
Result<GraphqlOperation> operation_of(Envelope const& envelope)
{
    bool const has_document = envelope.query.find_first_not_of(" \t\r\n") != std::string::npos;
    if (!envelope.id.empty() && (has_document || !envelope.hash.empty()))
        return fail(Errc::Malformed, "the request names a persisted query and something else");
    if (has_document)
        return parse_graphql(envelope.query, envelope.operation_name);
    GraphqlOperation out;
    out.name = envelope.operation_name;
    out.registry_key = envelope.hash.empty() ? envelope.id : envelope.hash;
    if (out.registry_key.empty())
        return fail(Errc::Malformed, "the request has no GraphQL document and no persisted query");
    return out;
}

Result<> take_id(Envelope& envelope, std::string id)
{
    if (!id.empty() && !envelope.id.empty())
        return fail(Errc::Malformed, "the request names two persisted queries");
    if (!id.empty())
        envelope.id = std::move(id);
    return {};
}

Result<GraphqlOperation> operation_of(JsonValue const& value)
{
    if (!value.is_object())
        return fail(Errc::Malformed, "a GraphQL request must be a JSON object");
    TRY(check_spelling(value, kGraphqlKeys));
    Envelope envelope;
    LET(query, text_at(value, "query"));
    LET(name, text_at(value, "operationName"));
    LET(hash, persisted_hash(value.find("extensions")));
    envelope = {std::move(query), std::move(name), std::move(hash), {}};
    for (auto const key : kIds) {
        LET(id, text_at(value, key));
        TRY(take_id(envelope, std::move(id)));
    }
    return operation_of(envelope);
}

Result<std::string> unique(QueryValues const& query, std::string_view key)
{
    auto const found = query.find(key);
    if (found == query.end() || found->second.empty())
        return std::string{};
    if (found->second.size() > 1)
        return fail(Errc::Malformed, fmt::format("the parameter {} appears twice", key));
    return found->second.front();
}

// A persisted query is judged by what is registered for it.
GraphqlOperation const* effective(
    Endpoint const& endpoint, GraphqlOperation const& operation, GraphqlOperation& registered)
{
    if (operation.registry_key.empty())
        return &operation;
    if (endpoint.persisted_queries != PersistedQueries::AllowRegistered)
        return nullptr;
    for (auto const& known : endpoint.registered_queries)
        if (known.key == operation.registry_key) {
            registered = {known.operation_type, known.operation_name, known.fields, {}};
            return &registered;
        }
    return nullptr;
}

bool matches_operation(L7Rule const& rule, GraphqlOperation const& operation)
{
    if (rule.operation_type.empty())
        return false;
    if (rule.operation_type != "*" && rule.operation_type != operation.type)
        return false;
    return !rule.operation_name || rule.operation_name->matches(operation.name);
}

bool matches_any_field(L7Rule const& rule, std::string const& field)
{
    return std::ranges::any_of(rule.fields, [&](Glob const& glob) { return glob.matches(field); });
}

bool allows(L7Rule const& rule, GraphqlOperation const& operation)
{
    if (!matches_operation(rule, operation))
        return false;
    return rule.fields.empty()
           || (!operation.fields.empty()
               && std::ranges::all_of(operation.fields,
                   [&](auto const& field) { return matches_any_field(rule, field); }));
}

bool denies(L7Rule const& rule, GraphqlOperation const& operation)
{
    return matches_operation(rule, operation)
           && (rule.fields.empty() || std::ranges::any_of(operation.fields, [&](auto const& field) {
                  return matches_any_field(rule, field);
              }));
}

} // namespace

Result<Operations> graphql_of_get(QueryValues const& query)
{
    LET(document, unique(query, "query"));
    LET(name, unique(query, "operationName"));
    LET(extensions, unique(query, "extensions"));
    Envelope envelope{std::move(document), std::move(name), {}, {}};
    if (!extensions.empty()) {
        LET(value, parse_json(extensions));
        LET(hash, persisted_hash(&value));
        envelope.hash = std::move(hash);
    }
    for (auto const key : kIds) {
        LET(id, unique(query, key));
        TRY(take_id(envelope, std::move(id)));
    }
    LET(operation, operation_of(envelope));
    return Operations{std::move(operation)};
}

// Many servers look into the target first and at the body only then (express-graphql, graphene).
Result<> check_target_of_post(QueryValues const& query, Operations const& in_body)
{
    for (auto const& [key, values] : query) {
        auto const is_key = [&](std::string_view known) {
            return equals_ignoring_case(key, known);
        };
        bool const is_set = std::ranges::any_of(values, std::not_fn(&std::string::empty));
        if (!is_set || std::ranges::none_of(kGraphqlKeys, is_key))
            continue;
        bool const is_same_name = is_key("operationName") && in_body.size() == 1
                                  && std::ranges::all_of(values, [&](auto const& value) {
                                         return value == in_body.front().name;
                                     });
        if (!is_same_name)
            return fail(Errc::Malformed,
                fmt::format("the target of a POST names {} beside its body", in_quotes(key, 40)));
    }
    return {};
}

Result<Operations> graphql_of_body(std::string_view body)
{
    if (body.empty())
        return fail(Errc::Malformed, "the GraphQL request has no body");
    LET(value, parse_json(body));
    Operations out;
    if (value.kind != JsonValue::Kind::Array) {
        LET(operation, operation_of(value));
        out.push_back(std::move(operation));
        return out;
    }
    if (value.items.empty())
        return fail(Errc::Malformed, "the GraphQL batch is empty");
    for (auto const& item : value.items) {
        LET(operation, operation_of(item));
        out.push_back(std::move(operation));
    }
    return out;
}

Result<Operations> graphql_of_message(std::string_view text)
{
    constexpr std::string_view kSteering[] = {
        "connection_init", "ping", "pong", "complete", "stop", "connection_terminate"};
    constexpr std::array<std::string_view, 2> kMessage{"type", "payload"};
    LET(value, parse_json(text));
    TRY(check_spelling(value, kMessage));
    std::string const* const type = value.find_text("type");
    if (!type)
        return fail(Errc::Malformed, "the message has no type");
    if (std::ranges::find(kSteering, *type) != std::end(kSteering))
        return Operations{};
    if (*type != "subscribe" && *type != "start")
        return fail(Errc::Malformed, fmt::format("unknown message type {}", in_quotes(*type, 40)));
    JsonValue const* const payload = value.find("payload");
    if (!payload)
        return fail(Errc::Malformed, "the message has no payload");
    LET(operation, operation_of(*payload));
    return Operations{std::move(operation)};
}

bool allows_graphql(Endpoint const& endpoint, Operations const& operations)
{
    return !operations.empty() && std::ranges::all_of(operations, [&](auto const& one) {
        GraphqlOperation registered;
        GraphqlOperation const* const operation = effective(endpoint, one, registered);
        return operation && std::ranges::any_of(endpoint.rules, [&](L7Rule const& rule) {
            return allows(rule, *operation);
        });
    });
}

L7Rule const* denying_graphql_rule(Endpoint const& endpoint, Operations const& operations)
{
    for (auto const& one : operations) {
        GraphqlOperation registered;
        GraphqlOperation const* const operation = effective(endpoint, one, registered);
        for (auto const& rule : endpoint.deny_rules)
            if (operation && denies(rule, *operation))
                return &rule;
    }
    return nullptr;
}

} // namespace osh::policy
