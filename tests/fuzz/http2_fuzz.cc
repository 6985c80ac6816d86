// An HTTP/2 peer's bytes, as the agent's or (first byte odd) as an upstream's, of an agent of
// HTTP/2 or (3 of 4) of HTTP/1.1, which (7 of 8) asks for a WebSocket, in two pieces: nothing
// crashes, buffers stay bounded, an accepted request says the same as HTTP/1 could have said.
#include "netproxy/proxy/http1.h"
#include "netproxy/proxy/http2_server.h"
#include "netproxy/proxy/http2_upstream.h"

#include <string>

namespace
{

using namespace osh;
using namespace osh::netproxy::proxy;

constexpr std::size_t kMostOutput = 256 * 1024;
constexpr std::size_t kMostHeld =
    2 * kMaxTextMessage + kMostOutput; // a message, and what it became
constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kSwitched =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n\x81\x02hi";

Forward plan_for(RequestHead const& head)
{
    Forward plan;
    plan.path_and_query = head.path + (head.has_query ? "?" + head.query : "");
    plan.host = head.authority;
    plan.fields = upstream_fields(head);
    plan.is_websocket = plan.reads_messages = head.wants_websocket;
    if (plan.is_websocket)
        plan.fields.push_back({"Sec-WebSocket-Key", std::string(kKey)});
    return plan;
}

void tell_fault(HttpExchange& exchange)
{
    if (exchange.has_untold_fault())
        exchange.fail_with(json_error(502, "fault", exchange.upstream_fault()));
    OSH_CHECK(!exchange.has_untold_fault());
}

void drain(Http2Server& server)
{
    for (auto out = server.to_agent(); !out.empty(); out = server.to_agent()) {
        OSH_CHECK(out.size() <= kMostOutput);
        server.consume_to_agent(out.size());
    }
}

class Agent
{
public:
    void feed(Bytes bytes)
    {
        for (int round = 0; round < 1000 && !bytes.empty(); ++round) {
            auto const taken = server_.agent_bytes(bytes);
            OSH_CHECK(taken <= bytes.size());
            bytes = bytes.subspan(taken);
            for (auto& exchange : server_.take_arrived())
                exchanges_.push_back(std::move(exchange));
            for (auto& exchange : exchanges_)
                serve(*exchange);
            drain(server_);
        }
    }

private:
    void serve(StreamExchange& exchange)
    {
        if (auto const* head = exchange.waiting()) {
            OSH_CHECK(head->path.starts_with('/') && !head->authority.empty());
            OSH_CHECK(head->method != "CONNECT" && head->method != "TRACE");
            bool const is_socket = head->wants_websocket;
            exchange.forward(plan_for(*head));
            if (exchange.needs_start())
                exchange.start_http1();
            exchange.consume_to_upstream(exchange.to_upstream().size());
            if (is_socket)
                exchange.upstream_bytes(bytes_of(kSwitched));
        }
        tell_fault(exchange);
        OSH_CHECK(exchange.held() <= kMostHeld);
        while (auto const* message = exchange.message()) {
            OSH_CHECK(is_valid_utf8(message->text));
            exchange.pass_message(std::nullopt);
        }
        auto const out = exchange.to_upstream();
        OSH_CHECK(out.size() <= kMostOutput + kMaxTextMessage);
        exchange.consume_to_upstream(out.size());
        if (exchange.needs_upstream() && !out.empty() && exchange.response_status() == 0)
            exchange.upstream_bytes(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    }

    Http2Server server_{HttpScheme::Http};
    std::vector<std::unique_ptr<StreamExchange>> exchanges_;
};

// A request on its way, for upstreams that answer it.
class Asking
{
public:
    Asking()
    {
        static constexpr char kStart[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
        static constexpr char kHead[] = "\0\0\x0b\1\5\0\0\0\1\x82\x86\x84\x41\6a.test";
        agent_.agent_bytes(bytes_of(std::string_view(kStart, sizeof kStart - 1)));
        agent_.agent_bytes(bytes_of(std::string_view(kHead, sizeof kHead - 1)));
        exchanges_ = agent_.take_arrived();
        for (auto& exchange : exchanges_)
            if (auto const* head = exchange->waiting()) {
                exchange->forward(plan_for(*head));
                OSH_CHECK(upstream_.start(*exchange).ok());
            }
    }
    void feed(Bytes bytes)
    {
        for (int round = 0; round < 1000 && !bytes.empty(); ++round) {
            auto const taken = upstream_.receive(bytes);
            bytes = bytes.subspan(taken);
            for (auto& exchange : exchanges_)
                tell_fault(*exchange);
            drain(agent_);
            auto const out = upstream_.output();
            OSH_CHECK(out.size() <= kMostOutput);
            upstream_.consume_output(out.size());
        }
    }

private:
    Http2Server agent_{HttpScheme::Http};
    std::vector<std::unique_ptr<StreamExchange>> exchanges_;
    Http2Upstream upstream_;
};

constexpr std::string_view kGet = "GET / HTTP/1.1\r\nHost: a.test\r\n\r\n";
constexpr std::string_view kSocket =
    "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

// An agent of HTTP/1.1 that asks twice, or for a WebSocket.
class Bridged
{
public:
    explicit Bridged(std::string_view request) : request_(request)
    {
        asks();
        http_.speak_http2();
    }
    void feed(Bytes bytes)
    {
        for (int round = 0; round < 1000 && !bytes.empty() && !http_.is_finished(); ++round) {
            bytes = bytes.subspan(http_.upstream_bytes(bytes));
            OSH_CHECK(http_.to_upstream().size() <= kMostOutput);
            http_.consume_to_upstream(http_.to_upstream().size());
            tell_fault(http_);
            OSH_CHECK(http_.to_agent().size() <= kMostOutput);
            http_.consume_to_agent(http_.to_agent().size());
            if (http_.upstream_is_reusable())
                asks();
        }
    }

private:
    void asks()
    {
        http_.agent_bytes(bytes_of(request_));
        if (auto const* head = http_.waiting())
            http_.forward(plan_for(*head));
    }
    std::string_view request_;
    Http1Connection http_;
};

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    if (size == 0)
        return 0;
    auto const bytes = std::as_bytes(std::span(data, size)).subspan(1);
    auto const half = bytes.size() / 2;
    if (data[0] % 2 == 0) {
        Agent agent;
        agent.feed(bytes.first(half));
        agent.feed(bytes.subspan(half));
        return 0;
    }
    if (data[0] % 4 == 3) {
        Bridged bridged(data[0] % 8 == 7 ? kSocket : kGet);
        bridged.feed(bytes.first(half));
        bridged.feed(bytes.subspan(half));
        return 0;
    }
    Asking asking;
    asking.feed(bytes.first(half));
    asking.feed(bytes.subspan(half));
    return 0;
}
