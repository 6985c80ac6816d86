#pragma once
// What the agent reads when a request ends here: one JSON object on one line, OpenShell's keys plus
// ours (design: approvals, "Denial texts inside the sandbox"; reference 3.10). Pure text.

#include "netproxy/proxy/http1.h"
#include "policy/evaluate/question.h"
#include "policy/messages/netproxy.h"

#include <string>
#include <string_view>

namespace osh::netproxy::core
{

// The word for `decision` in the body and for `code` in the journal.
std::string_view code_word(policy::DenyCode code);

struct Denial {
    policy::Target target;
    std::string binary;   // shown form
    std::string profile;  // name
    std::string policy;   // map key of the rule that decided, "" if none
    std::string decision; // no_rule, rule_denied, human_denied, expired, …
    std::string reason;   // a sentence of the policy; never shown when a person refused
    std::string id;       // "q-12" when a person was asked
    std::string protocol = "rest";
};

proxy::LocalAnswer denied(Denial const& denial); // 403

struct CredentialDenial {
    std::string code, credential, host, hint;
};
proxy::LocalAnswer denied(CredentialDenial const& denial); // 403

// One that may not be passed on: `error` says whose fault it is, `reason` what is wrong.
proxy::LocalAnswer refused(int status, std::string_view error, std::string_view reason);

// The name in Host differs from the name of the connection: RFC 9110 section 15.5.20.
proxy::LocalAnswer misdirected(std::string_view connection_host, std::string_view asked_host);
// A middleware that must look into the body could not.
proxy::LocalAnswer middleware_failed(std::string_view middleware, std::string_view why); // 503
// 502. Trying again may help: nothing does where the server's certificate is not believed.
enum class MayRetry : bool { No, Yes };
proxy::LocalAnswer upstream_unusable(
    std::string_view host, std::string_view reason, MayRetry may_retry);
// 502. It took the request and gave no answer that may be passed on.
proxy::LocalAnswer upstream_at_fault(
    std::string_view host, std::string_view reason, MayRetry may_retry);

} // namespace osh::netproxy::core
