// Judged against sent, from HTTP/1.1 to HTTP/2 (RFC 9113 section 8.2): random requests, many of
// them malformed. The frames that go upstream are read by a strict server, which must see the one
// stream that was judged, with the body that the agent sent, and no field that HTTP/2 forbids.
#include "tests/netproxy/proxy/http1_generator.h"
#include "tests/netproxy/proxy/http1_playbook.h"
#include "tests/netproxy/proxy/strict_server.h"

namespace osh::netproxy::proxy
{
namespace
{

constexpr int kRequests = 100'000;

struct Outcome : JudgedHead {
    bool was_judged = false;
    std::unique_ptr<TestPeer> server;
};

void carry(Http1Connection& http, TestPeer& server)
{
    for (int round = 0; round < 4; ++round) {
        server.hears(taken_to_upstream(http));
        auto const back = server.output();
        http.upstream_bytes(bytes_of(back));
        if (back.empty() && round > 0)
            return;
    }
}

// Feeds the text in pieces; only the first request is ever forwarded.
Outcome run(Http1Generator& generator, std::string const& text)
{
    Outcome outcome;
    Http1Connection http;
    Bytes rest = bytes_of(text);
    for (int idle = 0; !rest.empty() && idle < 2;) {
        auto const size = std::min<std::size_t>(rest.size(), 1 + generator.pick(60));
        auto const taken = http.agent_bytes(rest.first(size));
        rest = rest.subspan(taken);
        idle = taken == 0 ? idle + 1 : 0;
        if (http.waiting() != nullptr && !outcome.was_judged) {
            outcome.was_judged = true;
            auto const plan = plan_for(*http.waiting());
            outcome.method = http.waiting()->method;
            outcome.target = plan.path_and_query;
            outcome.host = plan.host;
            http.forward(plan);
            if (!http.needs_upstream())
                return outcome; // answered instead
            outcome.server = std::make_unique<TestPeer>(Http2Role::Server);
            http.speak_http2();
        }
        if (outcome.server)
            carry(http, *outcome.server);
    }
    return outcome;
}

TEST(Http1ToHttp2Differential, AStrictServerSeesTheOneRequestThatWasJudged)
{
    Http1Generator generator(20261122);
    int complete = 0, with_trailers = 0, with_body = 0;
    for (int i = 0; i < kRequests && !::testing::Test::HasFailure(); ++i) {
        auto const text = generator.request();
        SCOPED_TRACE(text);
        auto const outcome = run(generator, text);
        if (!outcome.server)
            continue;
        auto const& server = *outcome.server;
        EXPECT_EQ(server.broken, "");
        EXPECT_FALSE(server.went_away);
        ASSERT_LE(server.replies.size(), 1u);
        if (server.replies.empty())
            continue; // it could not be said in HTTP/2
        auto const& seen = server.replies.begin()->second;
        expect_the_judged(outcome, seen);
        if (auto const body = generator.body(); body && seen.is_complete) {
            EXPECT_EQ(seen.body, *body);
            with_body += !body->empty();
        }
        with_trailers += !seen.trailers.empty();
        complete += seen.is_complete;
    }
    // The test means something only if all kinds are frequent.
    EXPECT_GT(complete, kRequests / 4);
    EXPECT_GT(with_body, kRequests / 10);
    EXPECT_GT(with_trailers, kRequests / 100);
}

} // namespace
} // namespace osh::netproxy::proxy
