// Any bytes as a policy file: read, compile, render every diagnostic, and ask the result something.
#include "policy/compile/policy.h"
#include "policy/evaluate/evaluate.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using namespace osh;
    std::string text(data, data + size);
    auto const compiled = policy::compile_policy({{"fuzz.yaml", std::move(text), ""}});
    static_cast<void>(render(compiled.diagnostics));
    static_cast<void>(render_json(compiled.diagnostics));
    if (!compiled.policy)
        return 0;
    policy::RequestQuestion question;
    question.connection.caller.binary = "/usr/bin/curl";
    question.connection.host = "api.example.com";
    question.connection.port = 443;
    question.protocol = "rest";
    question.method = "GET";
    question.path = "/v1/a";
    static_cast<void>(evaluate(*compiled.policy, question));
    static_cast<void>(may_be_asked_for(*compiled.policy, "x.example.com"));
    return 0;
}
