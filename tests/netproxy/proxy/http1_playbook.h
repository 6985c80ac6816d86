#pragma once
// What the HTTP/1 tests share: feed text, take text, and the simplest verdict.

#include "netproxy/proxy/http1.h"

#include <gtest/gtest.h>

#include <string>

namespace osh::netproxy::proxy
{

// As its owner does, in a form of its own.
inline void tell_fault(HttpExchange& http)
{
    if (!http.has_untold_fault())
        return;
    if (http.refusal().empty())
        http.fail_with(json_error(502, "upstream_protocol_error", http.upstream_fault()));
    else
        http.fail_with(json_error(http.response_status(), "bad_request", http.refusal()));
}

inline std::string taken_to_agent(Http1Connection& http)
{
    tell_fault(http);
    std::string text(text_of(http.to_agent()));
    http.consume_to_agent(text.size());
    return text;
}

inline std::string taken_to_upstream(Http1Connection& http)
{
    std::string text(text_of(http.to_upstream()));
    http.consume_to_upstream(text.size());
    return text;
}

inline Forward plan_for(RequestHead const& head)
{
    Forward plan;
    plan.path_and_query = head.path + (head.has_query ? "?" + head.query : "");
    plan.host = head.authority;
    plan.fields = upstream_fields(head);
    plan.is_websocket = head.wants_websocket;
    return plan;
}

inline void forward_as_is(Http1Connection& http)
{
    ASSERT_NE(http.waiting(), nullptr) << http.refusal();
    http.forward(plan_for(*http.waiting()));
}

// A connection that has forwarded a plain GET and waits for its answer.
inline void start_get(Http1Connection& http, std::string_view fields = "")
{
    http.agent_bytes(
        bytes_of("GET /x HTTP/1.1\r\nHost: a.test\r\n" + std::string(fields) + "\r\n"));
    forward_as_is(http);
    taken_to_upstream(http);
}

} // namespace osh::netproxy::proxy
