#pragma once
// GraphQL over HTTP and over WebSocket: from a request to the operations it asks for. GraphQL over
// HTTP draft; graphql-transport-ws and the older graphql-ws protocol.

#include "policy/evaluate/graphql_document.h"
#include "policy/evaluate/query.h"
#include "policy/model/network.h"

namespace osh::policy
{

Result<std::vector<GraphqlOperation>> graphql_of_get(QueryValues const& query);
Result<std::vector<GraphqlOperation>> graphql_of_body(std::string_view body);
// Empty for a message that only steers the connection.
Result<std::vector<GraphqlOperation>> graphql_of_message(std::string_view text);

// Do the endpoint's rules allow every operation? Does a deny rule name one of them?
bool allows_graphql(Endpoint const& endpoint, std::vector<GraphqlOperation> const& operations);
L7Rule const* denying_graphql_rule(
    Endpoint const& endpoint, std::vector<GraphqlOperation> const& operations);

} // namespace osh::policy
