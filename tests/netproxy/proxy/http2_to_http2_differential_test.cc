// Judged against sent, HTTP/2 on both sides: random streams, many of them malformed. What goes
// upstream is read by a strict server, which must see the one stream that was judged.
#include "tests/netproxy/proxy/http1_playbook.h"
#include "tests/netproxy/proxy/http2_generator.h"
#include "tests/netproxy/proxy/strict_server.h"

#include "netproxy/proxy/http2_server.h"
#include "netproxy/proxy/http2_upstream.h"

namespace osh::netproxy::proxy::frames
{
namespace
{

constexpr int kRequests = 100'000;

// An agent's connection, and the one upstream that its streams travel on.
class Bridge
{
public:
    void hears(std::string_view part)
    {
        auto bytes = bytes_of(part);
        for (std::size_t count = 1; !bytes.empty() && count > 0; bytes = bytes.subspan(count))
            count = agent.agent_bytes(bytes);
        for (auto& exchange : agent.take_arrived())
            exchanges.push_back(std::move(exchange));
        for (auto& exchange : exchanges)
            judge(*exchange);
        carry();
    }

    bool was_judged = false;
    JudgedHead judged;
    TestPeer server{Http2Role::Server};

private:
    void judge(StreamExchange& exchange)
    {
        auto const* head = exchange.waiting();
        if (head == nullptr || was_judged)
            return;
        was_judged = true;
        auto plan = plan_for(*head);
        judged = {head->method, plan.path_and_query, plan.host};
        exchange.forward(std::move(plan));
        EXPECT_TRUE(!exchange.needs_start() || upstream.start(exchange).ok());
    }
    void carry()
    {
        for (int round = 0; round < 4; ++round) {
            std::string text;
            for (auto bytes = upstream.output(); !bytes.empty(); bytes = upstream.output()) {
                text += text_of(bytes);
                upstream.consume_output(bytes.size());
            }
            server.hears(text);
            auto const back = server.output();
            upstream.receive(bytes_of(back));
            if (text.empty() && back.empty())
                return;
        }
    }

    Http2Server agent{HttpScheme::Http};
    Http2Upstream upstream;
    std::vector<std::unique_ptr<StreamExchange>> exchanges;
};

TEST(Http2ToHttp2Differential, AStrictServerSeesTheOneRequestThatWasJudged)
{
    Http2Generator streams(20261123);
    std::mt19937 random(8);
    int complete = 0, refused = 0, with_trailers = 0;
    for (int i = 0; i < kRequests && !::testing::Test::HasFailure(); ++i) {
        auto const text = streams.next();
        auto const first_part = random() % text.size();
        Bridge bridge;
        bridge.hears(std::string(kPreface) + frame(Settings, 0, 0));
        bridge.hears(std::string_view(text).substr(0, first_part));
        bridge.hears(std::string_view(text).substr(first_part));
        refused += !bridge.was_judged;
        EXPECT_EQ(bridge.server.broken, "");
        EXPECT_FALSE(bridge.server.went_away);
        ASSERT_LE(bridge.server.replies.size(), bridge.was_judged ? 1u : 0u);
        if (bridge.server.replies.empty())
            continue; // answered instead
        auto const& seen = bridge.server.replies.begin()->second;
        expect_the_judged(bridge.judged, seen);
        EXPECT_TRUE(streams.body.starts_with(seen.body));
        with_trailers += !seen.trailers.empty();
        complete += seen.is_complete && seen.body == streams.body;
    }
    // The test means something only if all kinds are frequent.
    EXPECT_GT(complete, kRequests / 4);
    EXPECT_GT(refused, kRequests / 10);
    EXPECT_GT(with_trailers, kRequests / 100);
}

} // namespace
} // namespace osh::netproxy::proxy::frames
