// Judged against sent, from HTTP/2 to HTTP/1.1: random streams, many of them malformed, some with
// bytes that mean something to the other protocol. Whatever goes upstream is read again by a
// lenient server, which must see exactly the one request that was judged.
#include "tests/netproxy/proxy/http1_playbook.h"
#include "tests/netproxy/proxy/http2_generator.h"
#include "tests/netproxy/proxy/lenient_reader.h"

#include <gtest/gtest.h>

namespace osh::netproxy::proxy::frames
{
namespace
{

constexpr int kRequests = 100'000;

struct Outcome {
    bool was_judged = false, is_socket = false;
    std::string method, target, host, sent;
};

std::string taken(StreamExchange& exchange)
{
    std::string text(text_of(exchange.to_upstream()));
    exchange.consume_to_upstream(text.size());
    return text;
}

// Everything but the last bytes comes first: the judgement falls in the middle of some requests.
Outcome run(std::string const& text, std::size_t first_part)
{
    Outcome outcome;
    Http2Server server{HttpScheme::Http};
    std::vector<std::unique_ptr<StreamExchange>> exchanges;
    auto const hears = [&](std::string_view part) {
        auto bytes = bytes_of(part);
        for (std::size_t count = 1; !bytes.empty() && count > 0; bytes = bytes.subspan(count))
            count = server.agent_bytes(bytes);
        for (auto& exchange : server.take_arrived())
            exchanges.push_back(std::move(exchange));
        for (auto& exchange : exchanges) {
            if (auto const* head = exchange->waiting(); head != nullptr && !outcome.was_judged) {
                outcome.was_judged = true;
                auto plan = plan_for(*head);
                outcome.is_socket = head->wants_websocket;
                outcome.method = head->method;
                outcome.target = plan.path_and_query;
                outcome.host = plan.host;
                exchange->forward(std::move(plan));
                if (exchange->needs_start())
                    exchange->start_http1();
            }
            outcome.sent += taken(*exchange);
        }
    };
    hears(std::string(kPreface) + frame(Settings, 0, 0));
    hears(std::string_view(text).substr(0, first_part));
    hears(std::string_view(text).substr(first_part));
    return outcome;
}

TEST(Http2Differential, ALenientServerOfHttp1SeesTheOneRequestThatWasJudged)
{
    Http2Generator streams(20261121, Http2Generator::Sockets::Yes);
    std::mt19937 random(7);
    int complete = 0, refused = 0, with_trailers = 0, sockets = 0;
    for (int i = 0; i < kRequests; ++i) {
        auto const text = streams.next();
        auto const outcome = run(text, random() % text.size());
        if (!outcome.was_judged) {
            ASSERT_EQ(outcome.sent, "");
            ++refused;
            continue;
        }
        if (outcome.sent.empty())
            continue; // answered instead
        auto const seen = parse_leniently(outcome.sent);
        ASSERT_EQ(seen.method, outcome.method) << outcome.sent;
        ASSERT_EQ(seen.target, outcome.target) << outcome.sent;
        ASSERT_EQ(seen.host, outcome.host) << outcome.sent;
        ASSERT_EQ(seen.hosts, 1) << outcome.sent;
        ASSERT_LE(seen.lengths + seen.encodings, 1) << outcome.sent;
        ASSERT_EQ(seen.rest, "") << outcome.sent;
        ASSERT_TRUE(streams.body.starts_with(seen.body)) << outcome.sent;
        for (auto const& name : seen.trailers)
            ASSERT_TRUE(is_harmless(name)) << name << "\n" << outcome.sent;
        auto const upgrade = outcome.sent.find("\r\nUpgrade: ");
        ASSERT_EQ(upgrade != std::string::npos, outcome.is_socket) << outcome.sent;
        if (outcome.is_socket) {
            ASSERT_EQ(seen.method, "GET");
            ASSERT_EQ(seen.lengths + seen.encodings, 0) << outcome.sent;
            ASSERT_EQ(seen.body, "") << "before the server agreed";
            ASSERT_EQ(outcome.sent.find("websocket"), upgrade + 11) << outcome.sent;
            ASSERT_EQ(outcome.sent.find("Upgrade: ", upgrade + 11), std::string::npos);
            ++sockets;
        }
        with_trailers += !seen.trailers.empty();
        complete += seen.is_complete && seen.body == streams.body;
    }
    // The test means something only if all kinds are frequent.
    EXPECT_GT(complete, kRequests / 4);
    EXPECT_GT(refused, kRequests / 10);
    EXPECT_GT(with_trailers, kRequests / 100);
    EXPECT_GT(sockets, kRequests / 50);
}

} // namespace
} // namespace osh::netproxy::proxy::frames
