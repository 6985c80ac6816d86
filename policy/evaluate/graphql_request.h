#pragma once
// GraphQL over HTTP and over WebSocket: from a request to the operations it asks for. GraphQL over
// HTTP draft; graphql-transport-ws and the older graphql-ws protocol.

#include "policy/evaluate/graphql_document.h"
#include "policy/evaluate/query.h"
#include "policy/model/network.h"

namespace osh::policy
{

// What a request in JSON, in a form or in a target says it with.
inline constexpr std::array<std::string_view, 7> kGraphqlKeys{
    "query", "operationName", "variables", "extensions", "id", "documentId", "queryId"};

Result<std::vector<GraphqlOperation>> graphql_of_get(QueryValues const& query);
Result<std::vector<GraphqlOperation>> graphql_of_body(std::string_view body);
// A POST whose target names an operation, too: which of them runs is the server's choice.
Result<> check_target_of_post(
    QueryValues const& query, std::vector<GraphqlOperation> const& in_body);
// Empty for a message that only steers the connection.
Result<std::vector<GraphqlOperation>> graphql_of_message(std::string_view text);

// Do the endpoint's rules allow every operation? Does a deny rule name one of them?
bool allows_graphql(Endpoint const& endpoint, std::vector<GraphqlOperation> const& operations);
L7Rule const* denying_graphql_rule(
    Endpoint const& endpoint, std::vector<GraphqlOperation> const& operations);

} // namespace osh::policy
