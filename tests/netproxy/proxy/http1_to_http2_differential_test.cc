// Judged against sent, from HTTP/1.1 to HTTP/2 (RFC 9113 section 8.2): random requests, many of
// them malformed. The frames that go upstream are read by a strict server, which must see the one
// stream that was judged, with the body that the agent sent, and no field that HTTP/2 forbids.
#include "tests/netproxy/proxy/http1_generator.h"
#include "tests/netproxy/proxy/http1_playbook.h"
#include "tests/netproxy/proxy/http2_playbook.h"
#include "tests/netproxy/proxy/lenient_reader.h"

namespace osh::netproxy::proxy
{
namespace
{

constexpr int kRequests = 100'000;

struct Outcome {
    bool was_judged = false;
    std::string method, target, host;
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

void expect_lawful(HttpField const& field, bool is_trailer)
{
    for (char const* forbidden : {"host", "connection", "transfer-encoding", "upgrade",
             "keep-alive", "proxy-connection", "http2-settings"})
        EXPECT_NE(field.name, forbidden);
    EXPECT_EQ(field.name, to_lower_ascii(field.name));
    EXPECT_EQ(field.value.find_first_of(std::string_view("\r\n\0", 3)), std::string::npos);
    EXPECT_TRUE(field.name != "te" || field.value == "trailers") << field.value;
    EXPECT_TRUE(!is_trailer || is_harmless(field.name)) << field.name;
}

void expect_the_judged(Outcome const& outcome, Reply const& seen)
{
    EXPECT_EQ(seen.field(":method"), outcome.method);
    EXPECT_EQ(seen.field(":path"), outcome.target);
    EXPECT_EQ(seen.field(":authority"), outcome.host);
    int pseudo = 0;
    for (auto const& field : seen.fields) {
        pseudo += field.name.starts_with(':');
        expect_lawful(field, false);
    }
    EXPECT_EQ(pseudo, 4);
    for (auto const& field : seen.trailers)
        expect_lawful(field, true);
    auto const length = seen.field("content-length");
    EXPECT_TRUE(!seen.is_complete || length.empty() || length == std::to_string(seen.body.size()));
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
