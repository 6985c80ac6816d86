// The upstream's bytes: nothing crashes, buffers stay bounded, the scrubbed value never comes out.
#include "netproxy/proxy/http1.h"

#include <string>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using namespace osh;
    using namespace osh::netproxy::proxy;
    if (size == 0)
        return 0;
    // The first byte chooses the request.
    std::string_view const requests[] = {"GET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
        "HEAD / HTTP/1.1\r\nHost: a.test\r\n\r\n", "GET / HTTP/1.0\r\nHost: a.test\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"};
    Http1Connection http;
    http.agent_bytes(bytes_of(requests[data[0] % 4]));
    auto const* head = http.waiting();
    OSH_CHECK(head != nullptr);
    Forward plan;
    plan.path_and_query = "/";
    plan.host = "a.test";
    plan.fields = upstream_fields(*head);
    plan.is_websocket = head->wants_websocket;
    plan.scrub = {{"sk-secret", "sk-######"}};
    http.forward(std::move(plan));
    auto rest = std::as_bytes(std::span(data, size)).subspan(1);
    std::string seen;
    while (!rest.empty()) {
        auto const taken = http.upstream_bytes(rest.first(std::min<std::size_t>(rest.size(), 7)));
        rest = rest.subspan(taken);
        OSH_CHECK(http.to_agent().size() <= 4 * Http1Limits{}.buffered);
        seen.append(text_of(http.to_agent()));
        http.consume_to_agent(http.to_agent().size());
        if (taken == 0)
            break;
    }
    http.upstream_ended(true);
    if (http.has_untold_fault())
        http.fail_with({});
    OSH_CHECK(!http.has_untold_fault());
    if (!http.is_tunnel() && seen.find("\r\n\r\n") != std::string::npos)
        OSH_CHECK(seen.substr(0, seen.find("\r\n\r\n")).find("sk-secret") == std::string::npos);
    return 0;
}
