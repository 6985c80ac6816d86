// Judged against sent: random requests, many of them malformed. Whatever goes upstream is read
// again by a second, deliberately lenient parser (the kind of server that smuggling aims at), which
// must see exactly the one request that was judged, with exactly the body the agent sent, and
// nothing after it.
#include "netproxy/proxy/http1_head.h"

#include "tests/netproxy/proxy/http1_generator.h"
#include "tests/netproxy/proxy/http1_playbook.h"
#include "tests/netproxy/proxy/lenient_reader.h"

namespace osh::netproxy::proxy
{
namespace
{

constexpr int kRequests = 100'000;

struct Outcome {
    bool was_judged = false;
    std::string method, target, host, sent;
};

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
        }
        outcome.sent += taken_to_upstream(http);
    }
    return outcome;
}

TEST(Http1Differential, ALenientServerSeesTheOneRequestThatWasJudged)
{
    Http1Generator generator(20261121);
    int complete = 0, refused = 0, with_trailers = 0, with_body = 0;
    for (int i = 0; i < kRequests; ++i) {
        auto const text = generator.request();
        auto const outcome = run(generator, text);
        if (!outcome.was_judged) {
            EXPECT_TRUE(outcome.sent.empty());
            ++refused;
            continue;
        }
        auto const seen = parse_leniently(outcome.sent);
        ASSERT_EQ(seen.method, outcome.method) << text;
        ASSERT_EQ(seen.target, outcome.target) << text;
        ASSERT_EQ(seen.host, outcome.host) << text;
        ASSERT_EQ(seen.hosts, 1) << text;
        ASSERT_LE(seen.lengths + seen.encodings, 1) << text;
        ASSERT_EQ(seen.rest, "") << text << "\n=>\n" << outcome.sent;
        for (auto const& name : seen.trailers)
            ASSERT_TRUE(is_harmless(name)) << name << "\n" << text;
        if (auto const body = generator.body(); body && seen.is_complete) {
            ASSERT_EQ(seen.body, *body) << text << "\n=>\n" << outcome.sent;
            with_body += !body->empty();
        }
        with_trailers += !seen.trailers.empty();
        complete += seen.is_complete;
    }
    // The test means something only if both kinds are frequent.
    EXPECT_GT(complete, kRequests / 4);
    EXPECT_GT(refused, kRequests / 10);
    EXPECT_GT(with_trailers, kRequests / 100);
    EXPECT_GT(with_body, kRequests / 10);
}

} // namespace
} // namespace osh::netproxy::proxy
