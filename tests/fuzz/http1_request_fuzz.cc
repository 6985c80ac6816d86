// The agent's bytes, in two pieces: nothing crashes, buffers stay bounded, and what goes upstream
// is the same as when the bytes come in one piece.
#include "netproxy/proxy/http1.h"

#include <string>

namespace
{

using namespace osh;
using namespace osh::netproxy::proxy;

void act(Http1Connection& http)
{
    while (auto const* head = http.waiting()) {
        if (head->path == "/judged" && !http.body() && !http.body_is_too_large()) {
            http.want_body(64);
            if (!http.body() && !http.body_is_too_large())
                return;
        }
        Forward plan;
        plan.path_and_query = head->path + (head->has_query ? "?" + head->query : "");
        plan.host = head->authority;
        plan.fields = upstream_fields(*head);
        http.forward(std::move(plan));
    }
}

void feed(Http1Connection& http, Bytes bytes, std::string& sent)
{
    for (int round = 0; round < 1000 && !bytes.empty(); ++round) {
        auto const taken = http.agent_bytes(bytes);
        OSH_CHECK(taken <= bytes.size());
        bytes = bytes.subspan(taken);
        act(http);
        if (http.has_untold_fault())
            http.fail_with({});
        OSH_CHECK(!http.has_untold_fault());
        OSH_CHECK(http.to_upstream().size() <= 2 * Http1Limits{}.buffered + Http1Limits{}.head);
        sent.append(text_of(http.to_upstream()));
        http.consume_to_upstream(http.to_upstream().size());
        http.consume_to_agent(http.to_agent().size());
        if (taken == 0 && http.needs_upstream())
            http.upstream_bytes(bytes_of("HTTP/1.1 204 No Content\r\n\r\n"));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    auto const bytes = std::as_bytes(std::span(data, size));
    Http1Connection whole;
    std::string sent_whole;
    feed(whole, bytes, sent_whole);
    Http1Connection split;
    std::string sent_split;
    feed(split, bytes.first(size / 2), sent_split);
    feed(split, bytes.subspan(size / 2), sent_split);
    OSH_CHECK(whole.refusal() == split.refusal());
    whole.agent_ended();
    split.agent_ended();
    return 0;
}
