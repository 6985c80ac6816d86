#pragma once
// Where an endpoint says that placeholders in what the agent sends become values:
// `websocket_credential_rewrite`, `request_body_credential_rewrite`. Which credential may stand
// there is the credential gate's affair. Pure.

#include "policy/evaluate/question.h"

namespace osh::policy
{

struct Policy;

struct CredentialRewrite {
    bool in_messages = false;
    bool in_body = false;
};

// Of the endpoint that says how this request is read: the one with the most specific path. A
// ceiling that reads such requests has to say so as well.
CredentialRewrite credential_rewrite(
    Policy const& policy, ConnectQuestion const& connection, std::string_view canonical_path);

} // namespace osh::policy
