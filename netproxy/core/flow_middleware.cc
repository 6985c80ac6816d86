// A body that a middleware of the policy looks into: kept whole, within a limit, before the
// credential gate, so that a middleware never sees a secret. What it cannot read it fails on:
// refused, or passed on unread where the policy says `on_error: fail_open`.
//
// Not: which middlewares there are (policy/evaluate/middleware.h). Answers are not looked into.

#include "netproxy/core/core.h"
#include "netproxy/core/denial.h"
#include "netproxy/proxy/inflate.h"
#include "policy/base/text.h"
#include "policy/evaluate/middleware.h"

#include <algorithm>

namespace osh::netproxy::core
{
namespace
{

constexpr std::ptrdiff_t kMaxBodiesAtOnce = 32; // kept at the same time: 128 MiB

std::string encoding_of(proxy::RequestHead const& head)
{
    std::string found;
    for (auto const& field : head.fields)
        if (equals_ignoring_case(field.name, "content-encoding"))
            found += (found.empty() ? "" : ", ") + to_lower_ascii(field.value);
    return found;
}

// The text in a body, without its encoding.
Result<std::string> decoded(std::string_view body, std::string_view encoding)
{
    if (encoding.empty() || encoding == "identity")
        return std::string(body);
    auto const coding = proxy::content_coding(encoding);
    if (!coding)
        return fail(Errc::Unsupported,
            "its Content-Encoding is " + in_quotes(encoding, 60) + ", which it cannot read");
    return proxy::inflated(body, *coding, kMiddlewareBody);
}

policy::Decided changed_line(std::string_view middleware)
{
    policy::Decided line;
    line.kind = "middleware";
    line.decision = "allow";
    line.code = "changed";
    line.reason = "middleware " + std::string(middleware) + " blanked a part of the body";
    return line;
}

} // namespace

Core::BodyCheck Core::look_into_body(Flow& flow, proxy::RequestHead const& head)
{
    flow.awaits_middleware = false;
    auto const duty = policy::middleware_duty(*policy_, flow.host);
    if (!duty.selects() || !head.has_body)
        return BodyCheck::Pass;
    auto const fails = [&](std::string why) {
        if (duty.must_look())
            return middleware_failed(flow, duty.name, std::move(why));
        journal_.notice("middleware",
            std::string(duty.name) + " failed open at " + flow.host + ": " + why, at_.now);
        return BodyCheck::Pass;
    };
    auto const others = std::ranges::count_if(
        flows_, [](auto const& entry) { return entry.second->awaits_middleware; });
    if (others >= kMaxBodiesAtOnce)
        return fails("it looks into too many bodies already");
    flow.http->want_body(kMiddlewareBody);
    if (flow.http->body_is_too_large())
        return fails("the body is larger than " + std::to_string(kMiddlewareBody) + " bytes");
    auto const body = flow.http->body();
    if (!body) {
        flow.awaits_middleware = true;
        timers_.set(flow.id, at_.now + kHeadTimeout);
        return BodyCheck::Wait;
    }
    auto const text = decoded(*body, encoding_of(head));
    if (!text.ok())
        return fails(text.error().sentence);
    auto looked = policy::apply_middlewares(*policy_, flow.host, *text);
    if (looked == *text)
        return BodyCheck::Pass; // as it came, compressed if it was
    flow.talk().other_body = std::move(looked);
    flow.is_decoded = true;
    journal(flow, changed_line(duty.name));
    return BodyCheck::Pass;
}

Core::BodyCheck Core::middleware_failed(Flow& flow, std::string_view middleware, std::string why)
{
    policy::Decided line;
    line.kind = "request";
    line.decision = "deny";
    line.code = "middleware_failed";
    line.reason = "middleware " + std::string(middleware) + ": " + why;
    journal(flow, std::move(line));
    answer_in_form(flow, core::middleware_failed(middleware, why));
    return BodyCheck::Refused;
}

// True when the request moved on.
bool Core::go_on_with_body(Flow& flow)
{
    if (!flow.http->body() && !flow.http->body_is_too_large())
        return false;
    timers_.clear(flow.id);
    proceed(flow);
    return true;
}

} // namespace osh::netproxy::core
