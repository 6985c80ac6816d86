// Answers: framing towards the agent, faults of the upstream, keep-alive, upgrades, scrubbing.
#include "tests/netproxy/proxy/http1_playbook.h"

#include <zlib.h>

namespace osh::netproxy::proxy
{
namespace
{

std::string answer_to_get(std::string_view answer, std::string_view fields = "")
{
    Http1Connection http;
    start_get(http, fields);
    http.upstream_bytes(bytes_of(answer));
    return taken_to_agent(http);
}

TEST(Http1Response, KeepsALengthAndRechunksChunks)
{
    EXPECT_EQ(answer_to_get("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\n\r\nok"),
        "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 2\r\n\r\nok");
    EXPECT_EQ(answer_to_get("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                            "02;x=y\r\nok\r\n0\r\nT: t\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nT: t\r\n\r\n");
}

TEST(Http1Response, DropsHopByHopFieldsAndAltSvc)
{
    EXPECT_EQ(answer_to_get("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: X-Gone\r\n"
                            "X-Gone: 1\r\nKeep-Alive: 5\r\nAlt-Svc: h3=\":443\"\r\nUpgrade: h2\r\n"
                            "X: y\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nX: y\r\nContent-Length: 0\r\n\r\n");
}

TEST(Http1Response, HeadNoContentAndNotModifiedHaveNoBody)
{
    Http1Connection http;
    http.agent_bytes(bytes_of("HEAD /x HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    forward_as_is(http);
    http.upstream_bytes(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n"));
    EXPECT_EQ(taken_to_agent(http), "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n");
    taken_to_upstream(http);
    EXPECT_TRUE(http.upstream_is_reusable());
    EXPECT_EQ(answer_to_get("HTTP/1.1 204 No Content\r\n\r\n"), "HTTP/1.1 204 No Content\r\n\r\n");
    EXPECT_EQ(answer_to_get("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n"),
        "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n");
}

TEST(Http1Response, ABodyUntilCloseBecomesChunksAndEndsWithTheConnection)
{
    Http1Connection http;
    start_get(http);
    http.upstream_bytes(bytes_of("HTTP/1.0 200 OK\r\n\r\nabc"));
    EXPECT_EQ(
        taken_to_agent(http), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n");
    http.upstream_ended(true);
    EXPECT_EQ(taken_to_agent(http), "0\r\n\r\n");
    EXPECT_FALSE(http.upstream_is_reusable());
    EXPECT_FALSE(http.is_finished());
}

TEST(Http1Response, AnUncleanEndCutsTheAgent)
{
    Http1Connection http;
    start_get(http);
    http.upstream_bytes(bytes_of("HTTP/1.1 200 OK\r\n\r\nabc"));
    http.upstream_ended(false);
    EXPECT_TRUE(http.was_cut());
    EXPECT_TRUE(http.is_finished());
    EXPECT_EQ(taken_to_agent(http).find("0\r\n\r\n"), std::string::npos);
}

TEST(Http1Response, AnOldAgentGetsNoChunks)
{
    Http1Connection http;
    http.agent_bytes(bytes_of("GET /x HTTP/1.0\r\nHost: a.test\r\n\r\n"));
    forward_as_is(http);
    http.upstream_bytes(bytes_of("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n"));
    EXPECT_EQ(taken_to_agent(http), "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nok");
    EXPECT_TRUE(http.is_finished());
}

TEST(Http1Response, InformationalAnswersPassAndAreBounded)
{
    EXPECT_EQ(answer_to_get("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
                            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
                            "0\r\n\r\n"),
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
        "0\r\n\r\n");
    std::string many;
    for (int i = 0; i < 17; ++i)
        many += "HTTP/1.1 102 Processing\r\n\r\n";
    Http1Connection http;
    start_get(http);
    http.upstream_bytes(bytes_of(many));
    EXPECT_EQ(http.upstream_fault(), "too many 1xx answers");
}

TEST(Http1Response, FaultsBeforeTheAnswerBecomeA502)
{
    for (auto const* bad : {"HTTP/1.1 200 OK\nContent-Length: 0\n\n", "garbage\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
             "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
             "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
             "HTTP/1.1 200 OK\r\nX : y\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
             "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 999 OK\r\n\r\n", "HTTP/2 200 OK\r\n\r\n",
             "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
             "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n"}) {
        Http1Connection http;
        start_get(http);
        http.upstream_bytes(bytes_of(bad));
        EXPECT_FALSE(http.upstream_fault().empty()) << bad;
        EXPECT_TRUE(taken_to_agent(http).starts_with("HTTP/1.1 502 Bad Gateway\r\n")) << bad;
        EXPECT_FALSE(http.upstream_is_reusable());
        EXPECT_FALSE(http.needs_upstream());
    }
}

TEST(Http1Response, BytesNobodyAskedForSpoilTheConnection)
{
    Http1Connection http;
    start_get(http);
    http.upstream_bytes(
        bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\n\r\nsmuggled"));
    EXPECT_EQ(taken_to_agent(http), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    EXPECT_FALSE(http.upstream_is_reusable());
    EXPECT_FALSE(http.is_finished());
}

TEST(Http1Response, AnEarlyAnswerEndsTheConnection)
{
    Http1Connection http;
    http.agent_bytes(bytes_of("POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100\r\n\r\nab"));
    forward_as_is(http);
    http.agent_bytes(bytes_of("ab"));
    http.upstream_bytes(bytes_of("HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"));
    EXPECT_EQ(taken_to_agent(http),
        "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(http.is_finished());
    EXPECT_FALSE(http.upstream_is_reusable());
    EXPECT_EQ(http.agent_bytes(bytes_of("rest of the body")), 16u); // drained
}

TEST(Http1Response, AnAnswerMayBeginBeforeTheRequestEnds)
{
    Http1Connection http;
    http.agent_bytes(bytes_of("POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 4\r\n\r\n"));
    forward_as_is(http);
    http.upstream_bytes(
        bytes_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n"));
    EXPECT_NE(taken_to_agent(http).find("2\r\nok\r\n"), std::string::npos);
    taken_to_upstream(http);
    http.agent_bytes(bytes_of("data"));
    EXPECT_EQ(taken_to_upstream(http), "data");
    http.upstream_bytes(bytes_of("0\r\n\r\n"));
    EXPECT_EQ(taken_to_agent(http), "0\r\n\r\n");
    EXPECT_TRUE(http.is_finished());
}

TEST(Http1Response, EventsAreNotHeldBack)
{
    Http1Connection http;
    http.agent_bytes(bytes_of("GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    auto plan = plan_for(*http.waiting());
    plan.scrub = {{"sk-secret", "sk-masked"}};
    http.forward(plan);
    http.upstream_bytes(bytes_of("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                 "Transfer-Encoding: chunked\r\n\r\n"));
    taken_to_agent(http);
    http.upstream_bytes(bytes_of("d\r\ndata: {hello}\r\n"));
    EXPECT_EQ(taken_to_agent(http), "d\r\ndata: {hello}\r\n");
}

TEST(Http1Response, ScrubsAValueSplitAtEveryPlace)
{
    std::string const body = "key=sk-secret; again sk-secrsk-secret";
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
        Http1Connection http;
        http.agent_bytes(
            bytes_of("GET /x HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: br\r\n\r\n"));
        auto plan = plan_for(*http.waiting());
        plan.scrub = {{"sk-secret", "sk-MASKED"}};
        http.forward(plan);
        EXPECT_EQ(taken_to_upstream(http),
            "GET /x HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: identity\r\n\r\n");
        http.upstream_bytes(bytes_of("HTTP/1.1 200 sk-secret\r\nX-Echo: Bearer sk-secret\r\n"
                                     "Content-Length: 37\r\n\r\n"));
        http.upstream_bytes(bytes_of(body.substr(0, cut)));
        http.upstream_bytes(bytes_of(body.substr(cut)));
        EXPECT_EQ(taken_to_agent(http),
            "HTTP/1.1 200 sk-MASKED\r\nX-Echo: Bearer sk-MASKED\r\nContent-Length: 37\r\n\r\n"
            "key=sk-MASKED; again sk-secrsk-MASKED");
        EXPECT_TRUE(http.upstream_is_reusable());
    }
}

TEST(Http1Response, ScrubbingToAnotherLengthRechunks)
{
    Http1Connection http;
    http.agent_bytes(bytes_of("GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    auto plan = plan_for(*http.waiting());
    plan.scrub = {{"secret", "[osh]"}};
    http.forward(plan);
    http.upstream_bytes(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n<secret>"));
    EXPECT_EQ(taken_to_agent(http),
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7\r\n<[osh]>\r\n0\r\n\r\n");
}

std::string gzipped(std::string_view text)
{
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY);
    std::vector<Bytef> in(text.begin(), text.end());
    std::vector<Bytef> out(text.size() + 100);
    stream.next_in = in.data();
    stream.avail_in = static_cast<uInt>(in.size());
    stream.next_out = out.data();
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    std::string result(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(stream.total_out));
    deflateEnd(&stream);
    return result;
}

// A GET whose answer is looked through, and that answer's head.
void start_scrubbed(Http1Connection& http, std::string_view head)
{
    http.agent_bytes(bytes_of("GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    auto plan = plan_for(*http.waiting());
    plan.scrub = {{"sk-secret", "sk-MASKED"}};
    http.forward(plan);
    taken_to_upstream(http);
    http.upstream_bytes(bytes_of(head));
}

TEST(Http1Response, ACompressedAnswerIsReadWhereSecretsAreLookedFor)
{
    auto const body = gzipped("key=sk-secret;");
    for (std::size_t cut = 0; cut <= body.size(); ++cut) {
        Http1Connection http;
        start_scrubbed(http, "HTTP/1.1 200 OK\r\nContent-Encoding: GZip\r\nContent-Length: "
                                 + std::to_string(body.size()) + "\r\n\r\n");
        EXPECT_EQ(taken_to_agent(http), "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
        http.upstream_bytes(bytes_of(body.substr(0, cut)));
        http.upstream_bytes(bytes_of(body.substr(cut)));
        std::string said;
        for (auto const text = taken_to_agent(http); char const c : text)
            if (std::string_view("key=sMASKED;-").find(c) != std::string_view::npos)
                said += c;
        EXPECT_TRUE(said.ends_with("key=sk-MASKED;")) << said;
        EXPECT_TRUE(http.upstream_is_reusable());
    }
}

TEST(Http1Response, ABrokenOrShortCompressedAnswerIsCut)
{
    auto const body = gzipped("key=sk-secret;");
    for (std::string const& text :
        {body.substr(0, body.size() - 1), "no gzip" + body.substr(7), body + "more"}) {
        Http1Connection http;
        start_scrubbed(http, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: "
                                 + std::to_string(text.size()) + "\r\n\r\n");
        http.upstream_bytes(bytes_of(text));
        EXPECT_TRUE(http.was_cut() && http.is_finished());
        EXPECT_EQ(taken_to_agent(http).find("sk-secret"), std::string::npos);
    }
}

TEST(Http1Response, ABombFillsNoMoreThanItsBound)
{
    auto const body = gzipped(std::string(64 << 20, 'x'));
    Http1Connection http;
    start_scrubbed(http, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n");
    auto const taken = http.upstream_bytes(bytes_of(body));
    EXPECT_LT(taken, body.size()); // the rest waits for a reader
    EXPECT_LT(taken_to_agent(http).size(), 2u << 20);
}

TEST(Http1Response, AnEncodingThatCannotBeUndoneIsRefusedWhereSecretsAreLookedFor)
{
    for (char const* fields : {"Content-Encoding: br\r\n", "Content-Encoding: gzip, gzip\r\n",
             "Content-Encoding: gzip\r\nContent-Encoding: gzip\r\n"}) {
        Http1Connection http;
        start_scrubbed(
            http, "HTTP/1.1 200 OK\r\n" + std::string(fields) + "Content-Length: 2\r\n\r\nxx");
        auto const text = taken_to_agent(http);
        EXPECT_TRUE(text.starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
        EXPECT_NE(text.find("is compressed"), std::string::npos);
    }
    Http1Connection http;
    start_scrubbed(
        http, "HTTP/1.1 206 Part\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nxx");
    EXPECT_TRUE(taken_to_agent(http).starts_with("HTTP/1.1 502 Bad Gateway\r\n"));
}

constexpr std::string_view kHandshake =
    "GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
constexpr std::string_view kSwitched =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

TEST(Http1Response, AVerifiedWebSocketIsSplicedBothWays)
{
    Http1Connection http;
    http.agent_bytes(bytes_of(kHandshake));
    ASSERT_TRUE(http.waiting()->wants_websocket);
    forward_as_is(http);
    EXPECT_EQ(taken_to_upstream(http),
        "GET /ws HTTP/1.1\r\nHost: a.test\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: "
        "dGhlIHNhbXBsZSBub25jZQ==\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    EXPECT_EQ(http.agent_bytes(bytes_of("early frame")), 0u);
    http.upstream_bytes(bytes_of(std::string(kSwitched) + "frame"));
    EXPECT_TRUE(http.is_tunnel());
    EXPECT_TRUE(
        taken_to_agent(http).ends_with("Connection: Upgrade\r\nUpgrade: websocket\r\n\r\nframe"));
    http.agent_bytes(bytes_of("reply"));
    EXPECT_EQ(taken_to_upstream(http), "reply");
    http.upstream_ended(true);
    EXPECT_TRUE(http.is_finished());
    EXPECT_FALSE(http.needs_upstream());
}

TEST(Http1Response, AWrongAcceptIsNoWebSocket)
{
    Http1Connection http;
    http.agent_bytes(bytes_of(kHandshake));
    forward_as_is(http);
    http.upstream_bytes(bytes_of("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                 "Connection: Upgrade\r\nSec-WebSocket-Accept: nonsense\r\n\r\n"));
    EXPECT_EQ(http.upstream_fault(), "its Sec-WebSocket-Accept does not match the key");
    tell_fault(http);
    EXPECT_TRUE(http.is_finished());
}

TEST(Http1Response, WhereNoRuleSaysWebSocketThereIsNoTunnel)
{
    Http1Connection http;
    http.agent_bytes(bytes_of(kHandshake));
    auto plan = plan_for(*http.waiting());
    plan.is_websocket = false;
    http.forward(plan);
    EXPECT_EQ(taken_to_upstream(http).find("Upgrade"), std::string::npos);
    http.upstream_bytes(bytes_of(kSwitched));
    EXPECT_FALSE(http.is_tunnel());
    EXPECT_EQ(http.upstream_fault(), "it switched protocols without being asked");
}

TEST(Http1Response, AStaleConnectionIsTriedAgainOnlyForHarmlessRequests)
{
    Http1Connection http;
    http.agent_bytes(bytes_of("GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    forward_as_is(http);
    auto const sent = taken_to_upstream(http);
    ASSERT_TRUE(http.may_send_again());
    http.send_again();
    EXPECT_EQ(taken_to_upstream(http), sent);
    http.upstream_bytes(bytes_of("H"));
    EXPECT_FALSE(http.may_send_again());

    Http1Connection post;
    post.agent_bytes(bytes_of("POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 0\r\n\r\n"));
    forward_as_is(post);
    EXPECT_FALSE(post.may_send_again());
}

TEST(Http1Response, AFailedUpstreamIsA502OrACut)
{
    LocalAnswer reply;
    reply.status = 502;
    reply.body = "{\"error\":\"upstream_unreachable\"}";
    Http1Connection early;
    start_get(early);
    early.fail_with(reply);
    EXPECT_TRUE(taken_to_agent(early).ends_with(reply.body));
    EXPECT_FALSE(early.was_cut());

    Http1Connection late;
    start_get(late);
    late.upstream_bytes(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"));
    late.fail_with(reply);
    EXPECT_TRUE(late.was_cut());
    EXPECT_EQ(taken_to_agent(late), "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc");
}

} // namespace
} // namespace osh::netproxy::proxy
