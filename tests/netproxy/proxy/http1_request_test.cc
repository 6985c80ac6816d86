// Requests: what is refused, by name; what is passed on, byte for byte.
#include "tests/netproxy/proxy/http1_playbook.h"

namespace osh::netproxy::proxy
{
namespace
{

std::string refusal_of(std::string const& text, Http1Limits const& limits = {})
{
    Http1Connection http(limits);
    http.agent_bytes(bytes_of(text));
    if (http.waiting() != nullptr)
        return "accepted";
    tell_fault(http);
    if (!http.is_finished())
        return "incomplete";
    EXPECT_TRUE(taken_to_upstream(http).empty());
    EXPECT_TRUE(taken_to_agent(http).find("Connection: close\r\n") != std::string::npos);
    return http.refusal();
}

std::string with_fields(std::string_view fields)
{
    return "POST /p HTTP/1.1\r\nHost: a.test\r\n" + std::string(fields) + "\r\n";
}

struct Case {
    std::string text;
    std::string refusal;
};

class RefusedRequest : public testing::TestWithParam<Case>
{
};

TEST_P(RefusedRequest, NamesItsReason)
{
    EXPECT_EQ(refusal_of(GetParam().text), GetParam().refusal);
}

TEST(Request, AMethodThatNobodyRegisteredIsJudgedLikeAnyOther)
{
    Http1Connection http;
    http.agent_bytes(bytes_of("QUERY /q HTTP/1.1\r\nHost: a.test\r\nContent-Length: 1\r\n\r\nx"));
    forward_as_is(http);
    http.agent_bytes(bytes_of("x"));
    EXPECT_TRUE(taken_to_upstream(http).starts_with("QUERY /q HTTP/1.1\r\nHost: a.test\r\n"));
    EXPECT_EQ(refusal_of("query / HTTP/1.1\r\nHost: a.test\r\n\r\n"), "method \"query\"");
    EXPECT_EQ(refusal_of("QUERY / HTTP/1.1\r\nHost : a.test\r\n\r\n"),
        refusal_of("POST / HTTP/1.1\r\nHost : a.test\r\n\r\n"));
}

INSTANTIATE_TEST_SUITE_P(FirstLine, RefusedRequest,
    testing::Values(Case{"GET /  HTTP/1.1\r\nHost: a.test\r\n\r\n",
                        "the request target holds a blank, a control, '#' or a non-ASCII byte"},
        Case{"GET\t/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
            "the request line is not METHOD TARGET VERSION"},
        Case{"GET /\r\nHost: a.test\r\n\r\n", "the request line is not METHOD TARGET VERSION"},
        Case{"GET / HTTP/2.0\r\nHost: a.test\r\n\r\n", "HTTP version \"HTTP/2.0\""},
        Case{"GET / HTTP/1.2\r\nHost: a.test\r\n\r\n", "HTTP version \"HTTP/1.2\""},
        Case{"GET / http/1.1\r\nHost: a.test\r\n\r\n", "the first line is not HTTP"},
        Case{"PRI * HTTP/2.0\r\n\r\n", "HTTP version \"HTTP/2.0\""},
        Case{"GET /caf\xc3\xa9 HTTP/1.1\r\nHost: a.test\r\n\r\n",
            "the request target holds a blank, a control, '#' or a non-ASCII byte"},
        Case{"GET /a#b HTTP/1.1\r\nHost: a.test\r\n\r\n",
            "the request target holds a blank, a control, '#' or a non-ASCII byte"},
        Case{"G@T / HTTP/1.1\r\nHost: a.test\r\n\r\n", "the method is not a token"},
        Case{"get / HTTP/1.1\r\nHost: a.test\r\n\r\n", "method \"get\""},
        Case{"TRACE / HTTP/1.1\r\nHost: a.test\r\n\r\n", "method TRACE"},
        Case{"TRACK / HTTP/1.1\r\nHost: a.test\r\n\r\n", "method TRACK"},
        Case{"CONNECT a.test:443 HTTP/1.1\r\nHost: a.test\r\n\r\n", "method CONNECT"},
        Case{"OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n", "the target \"*\" names no path"},
        Case{"GET ftp://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
            "the target is neither a path nor a URL of this connection's scheme"},
        Case{"GET http://a.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
            "the target is neither a path nor a URL of this connection's scheme"},
        Case{"GET https://b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
            "the target names another host than Host"},
        Case{"GET https://a.test:8443/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
            "the target names another host than Host"},
        Case{"GET https://a.test@b.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n",
            "Host is not a valid name"},
        Case{"\r\n\r\nGET / HTTP/1.1\r\nHost: a.test\r\n\r\n",
            "the request line is not METHOD TARGET VERSION"}));

INSTANTIATE_TEST_SUITE_P(Lines, RefusedRequest,
    testing::Values(Case{"GET / HTTP/1.1\nHost: a.test\n\n", "a bare LF"},
        Case{"GET / HTTP/1.1\r\nHost: a.test\nX: y\r\n\r\n", "a bare LF"},
        Case{"GET / HTTP/1.1\r\nHost: a.test\r\nX: a\rb\r\n\r\n", "a bare CR"},
        Case{std::string("GET / HTTP/1.1\r\nHost: a.test\r\nX: a\0b\r\n\r\n", 40), "a NUL byte"},
        Case{with_fields("X: a\r\n b\r\n"), "a folded line (obsolete line folding)"},
        Case{with_fields("X: a\r\n\tb\r\n"), "a folded line (obsolete line folding)"},
        Case{with_fields("X : a\r\n"), "a blank between a field name and its colon"},
        Case{with_fields("X\t: a\r\n"), "a blank between a field name and its colon"},
        Case{with_fields("X(: a\r\n"), "a field name is not a token"},
        Case{with_fields(": a\r\n"), "a field name is not a token"},
        Case{with_fields("just words\r\n"), "a field line without colon"},
        Case{with_fields("X: a\x01\r\n"), "a field value holds a control byte"},
        Case{with_fields("X: a\x7f\r\n"), "a field value holds a control byte"}));

INSTANTIATE_TEST_SUITE_P(Host, RefusedRequest,
    testing::Values(Case{"GET / HTTP/1.1\r\n\r\n", "no Host field"},
        Case{"GET / HTTP/1.0\r\n\r\n", "no Host field"},
        Case{with_fields("Host: a.test\r\n"), "two Host fields"},
        Case{"GET / HTTP/1.1\r\nHost:\r\n\r\n", "Host is not a valid name"},
        Case{"GET / HTTP/1.1\r\nHost: a.test b.test\r\n\r\n", "Host is not a valid name"},
        Case{"GET / HTTP/1.1\r\nHost: a.test,b.test\r\n\r\n", "Host is not a valid name"},
        Case{"GET / HTTP/1.1\r\nHost: a.test/\r\n\r\n", "Host is not a valid name"},
        Case{"GET / HTTP/1.1\r\nHost: u@a.test\r\n\r\n", "Host is not a valid name"},
        Case{"GET / HTTP/1.1\r\nHost: a%2etest\r\n\r\n", "Host is not a valid name"},
        Case{"GET / HTTP/1.1\r\nHost: a.test:\r\n\r\n", "the port in Host is not valid"},
        Case{"GET / HTTP/1.1\r\nHost: a.test:0443\r\n\r\n", "the port in Host is not valid"},
        Case{"GET / HTTP/1.1\r\nHost: a.test:99999\r\n\r\n", "the port in Host is not valid"},
        Case{"GET / HTTP/1.1\r\nHost: a.test:+443\r\n\r\n", "the port in Host is not valid"},
        Case{"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", "Host is not a valid address"},
        Case{"GET / HTTP/1.1\r\nHost: [a.test]\r\n\r\n", "Host is not a valid address"}));

INSTANTIATE_TEST_SUITE_P(Framing, RefusedRequest,
    testing::Values(Case{with_fields("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
                        "Content-Length together with Transfer-Encoding"},
        Case{
            with_fields("Content-Length: 3\r\nContent-Length: 3\r\n"), "two Content-Length fields"},
        Case{with_fields("Content-Length: 3, 3\r\n"), "Content-Length is not a number"},
        Case{with_fields("Content-Length: +3\r\n"), "Content-Length is not a number"},
        Case{with_fields("Content-Length: -1\r\n"), "Content-Length is not a number"},
        Case{with_fields("Content-Length: 0x3\r\n"), "Content-Length is not a number"},
        Case{
            with_fields("Content-Length: 18446744073709551616\r\n"), "Content-Length is too large"},
        Case{with_fields("Content-Length: 9223372036854775808\r\n"), "Content-Length is too large"},
        Case{with_fields("Transfer-Encoding: gzip, chunked\r\n"),
            "Transfer-Encoding is not exactly \"chunked\""},
        Case{with_fields("Transfer-Encoding: chunked, identity\r\n"),
            "Transfer-Encoding is not exactly \"chunked\""},
        Case{with_fields("Transfer-Encoding: xchunked\r\n"),
            "Transfer-Encoding is not exactly \"chunked\""},
        Case{with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
            "two Transfer-Encoding fields"},
        Case{"POST / HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n",
            "Transfer-Encoding in HTTP/1.0"},
        Case{with_fields("Connection: content-length\r\nContent-Length: 3\r\n"),
            "Connection nominates content-length"},
        Case{with_fields("Connection: close, Host\r\n"), "Connection nominates host"}));

TEST(Http1Request, RefusesWhatIsTooLong)
{
    EXPECT_EQ(refusal_of("GET /" + std::string(9000, 'a') + " HTTP/1.1\r\nHost: a.test\r\n\r\n"),
        "the request target is longer than 8192 bytes");
    EXPECT_EQ(refusal_of(with_fields("X: " + std::string(17000, 'a') + "\r\n")),
        "a field is longer than 16384 bytes");
    std::string many;
    for (int i = 0; i < 201; ++i)
        many += "X: y\r\n";
    EXPECT_EQ(refusal_of(with_fields(many)), "more than 200 fields");
    EXPECT_EQ(refusal_of(std::string(70000, 'G')), "the head is longer than 65536 bytes");
    EXPECT_EQ(refusal_of("GET / HTTP/1.1\r\n" + std::string(70000, 'a')),
        "the head is longer than 65536 bytes");
}

TEST(Http1Request, ChunkFaultsAreRefused)
{
    for (auto const* body : {"3 \r\nabc\r\n0\r\n\r\n", "+3\r\nabc\r\n0\r\n\r\n",
             "0x3\r\nabc\r\n0\r\n\r\n", "\r\n", "3\nabc\r\n0\r\n\r\n", "3\r\nabcd\r\n0\r\n\r\n",
             "g\r\n", "00000000000000003\r\nabc", "ffffffffffffffff\r\n", "3\r\nabc\n0\r\n\r\n",
             "0\r\n folded\r\n\r\n", "0\r\nX: y\n\r\n"}) {
        Http1Connection http;
        http.agent_bytes(bytes_of(with_fields("Transfer-Encoding: chunked\r\n")));
        forward_as_is(http);
        http.agent_bytes(bytes_of(body));
        EXPECT_FALSE(http.refusal().empty()) << body;
        EXPECT_FALSE(http.needs_upstream());
        tell_fault(http);
        EXPECT_TRUE(http.is_finished());
        EXPECT_TRUE(taken_to_agent(http).starts_with("HTTP/1.1 400 ")) << body;
    }
}

TEST(Http1Request, IsTheSameInPiecesOfOneByte)
{
    Http1Connection http;
    std::string const text =
        "\r\nPOST /p?q=1 HTTP/1.1\r\nHost: A.Test:443\r\nTransfer-Encoding: "
        "Chunked\r\nX: y\r\n\r\n3;ext=\"v\"\r\nabc\r\n2\r\nde\r\n0\r\nT: t\r\n\r\n";
    for (char const c : text) {
        ASSERT_EQ(http.agent_bytes(bytes_of({&c, 1})), 1u);
        if (http.waiting() != nullptr)
            forward_as_is(http);
    }
    EXPECT_EQ(taken_to_upstream(http),
        "POST /p?q=1 HTTP/1.1\r\nHost: a.test\r\nX: y\r\nTransfer-Encoding: chunked\r\n\r\n"
        "1\r\na\r\n1\r\nb\r\n1\r\nc\r\n1\r\nd\r\n1\r\ne\r\n0\r\nT: t\r\n\r\n");
}

TEST(Http1Request, AbsoluteFormOfTheSameHostIsAPath)
{
    Http1Connection http({}, HttpScheme::Http);
    http.agent_bytes(bytes_of("GET HTTP://a.test:80/x?y HTTP/1.1\r\nHost: a.test.\r\n\r\n"));
    ASSERT_NE(http.waiting(), nullptr) << http.refusal();
    EXPECT_EQ(http.waiting()->path, "/x");
    EXPECT_EQ(http.waiting()->query, "y");
    EXPECT_EQ(http.waiting()->authority, "a.test");
}

TEST(Http1Request, AnotherPortStaysInTheAuthority)
{
    Http1Connection http;
    http.agent_bytes(bytes_of("GET / HTTP/1.1\r\nHost: [2001:DB8::1]:8443\r\n\r\n"));
    ASSERT_NE(http.waiting(), nullptr) << http.refusal();
    EXPECT_EQ(http.waiting()->authority, "[2001:db8::1]:8443");
}

TEST(Http1Request, DropsHopByHopAndDangerousFields)
{
    Http1Connection http;
    http.agent_bytes(bytes_of(
        "GET / HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive, X-Gone\r\nKeep-Alive: 5\r\n"
        "X-Gone: 1\r\nProxy-Authorization: p\r\nProxy-Foo: p\r\nTE: trailers\r\nTrailer: T\r\n"
        "Upgrade: foo/1\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\nX-HTTP-Method-Override: DELETE\r\n"
        "X-HTTP-Method: DELETE\r\nX-Method-Override: DELETE\r\nExpect: 200-maybe\r\n"
        "Accept: */*\r\n\r\n"));
    forward_as_is(http);
    EXPECT_EQ(taken_to_upstream(http), "GET / HTTP/1.1\r\nHost: a.test\r\nAccept: */*\r\n"
                                       "Connection: TE\r\nTE: trailers\r\n\r\n"); // ours
}

TEST(Http1Request, APipelinedRequestWaitsForItsTurn)
{
    Http1Connection http;
    std::string const first = "GET /ok HTTP/1.1\r\nHost: a.test\r\n\r\n";
    std::string const second = "GET /secret HTTP/1.1\r\nHost: a.test\r\n\r\n";
    auto const both = first + second;
    EXPECT_EQ(http.agent_bytes(bytes_of(both)), first.size());
    EXPECT_EQ(http.agent_room(), 0u);
    forward_as_is(http);
    EXPECT_EQ(http.agent_bytes(bytes_of(second)), 0u);
    EXPECT_EQ(taken_to_upstream(http), "GET /ok HTTP/1.1\r\nHost: a.test\r\n\r\n");
    http.upstream_bytes(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    EXPECT_TRUE(http.upstream_is_reusable());
    EXPECT_EQ(http.agent_bytes(bytes_of(second)), second.size());
    ASSERT_NE(http.waiting(), nullptr);
    EXPECT_EQ(http.waiting()->path, "/secret");
    LocalAnswer reply;
    reply.body = "{}";
    http.answer(reply);
    EXPECT_TRUE(http.is_finished());
    EXPECT_TRUE(taken_to_upstream(http).empty());
    EXPECT_NE(taken_to_agent(http).find(
                  "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\nContent-Length: "
                  "2\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n{}"),
        std::string::npos);
}

TEST(Http1Request, BytesAfterAMessageThatSaysCloseAreNeverRead)
{
    Http1Connection http;
    std::string const second = "GET /secret HTTP/1.1\r\nHost: a.test\r\n\r\n";
    http.agent_bytes(bytes_of("GET /ok HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n"));
    forward_as_is(http);
    taken_to_upstream(http);
    http.upstream_bytes(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    EXPECT_TRUE(http.is_finished());
    EXPECT_EQ(http.agent_bytes(bytes_of(second)), second.size());
    EXPECT_EQ(http.waiting(), nullptr);
    EXPECT_TRUE(taken_to_upstream(http).empty());
}

TEST(Http1Request, NothingIsReadAfterAnUpgradeAttempt)
{
    Http1Connection http;
    start_get(http, "Connection: Upgrade\r\nUpgrade: foo/1\r\n");
    http.upstream_bytes(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    EXPECT_TRUE(http.is_finished());
}

TEST(Http1Request, RefusesAnUpgradeToHttp2WithoutTls)
{
    for (char const* fields :
        {"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n",
            "Upgrade: websocket, H2C\r\n", "Connection: upgrade\r\nUpgrade: h2c-14\r\n"}) {
        Http1Connection http;
        http.agent_bytes(
            bytes_of("GET / HTTP/1.1\r\nHost: a.test\r\n" + std::string(fields) + "\r\n"));
        EXPECT_EQ(http.waiting(), nullptr);
        EXPECT_TRUE(taken_to_agent(http).starts_with("HTTP/1.1 501 ")) << fields;
        EXPECT_TRUE(http.is_finished());
    }
}

TEST(Http1Request, AJudgedBodyIsKeptAndThenSentWithItsLength)
{
    Http1Connection http;
    http.agent_bytes(
        bytes_of(with_fields("Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n")));
    http.want_body(100);
    EXPECT_EQ(taken_to_agent(http), "HTTP/1.1 100 Continue\r\n\r\n");
    EXPECT_EQ(http.body(), std::nullopt);
    http.agent_bytes(bytes_of("3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"));
    ASSERT_TRUE(http.body());
    EXPECT_EQ(*http.body(), "abcde");
    forward_as_is(http);
    EXPECT_EQ(taken_to_upstream(http),
        "POST /p HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nabcde");
}

TEST(Http1Request, ABodyBeyondTheLimitIsSaidToBeTooLarge)
{
    Http1Connection counted;
    counted.agent_bytes(bytes_of(with_fields("Content-Length: 101\r\n")));
    counted.want_body(100);
    EXPECT_TRUE(counted.body_is_too_large());
    EXPECT_EQ(counted.agent_room(), 0u);

    Http1Connection chunked;
    chunked.agent_bytes(bytes_of(with_fields("Transfer-Encoding: chunked\r\n")));
    chunked.want_body(4);
    EXPECT_FALSE(chunked.body_is_too_large());
    chunked.agent_bytes(bytes_of("3\r\nabc\r\n3\r\ndef\r\n1\r\n"));
    EXPECT_TRUE(chunked.body_is_too_large());
    EXPECT_EQ(chunked.body(), std::nullopt);
    // Where the policy lets it pass all the same, nothing is lost.
    forward_as_is(chunked);
    chunked.agent_bytes(bytes_of("\r\n1\r\ng\r\n0\r\n\r\n"));
    EXPECT_EQ(taken_to_upstream(chunked),
        "POST /p HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n"
        "6\r\nabcdef\r\n1\r\ng\r\n0\r\n\r\n");
}

TEST(Http1Request, ExpectIsForwardedWhenTheBodyIsNotJudged)
{
    Http1Connection http;
    http.agent_bytes(bytes_of(with_fields("Content-Length: 2\r\nExpect: 100-continue\r\n")));
    forward_as_is(http);
    EXPECT_EQ(taken_to_upstream(http),
        "POST /p HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    http.upstream_bytes(bytes_of("HTTP/1.1 100 Continue\r\n\r\n"));
    EXPECT_EQ(taken_to_agent(http), "HTTP/1.1 100 Continue\r\n\r\n");
    http.agent_bytes(bytes_of("hi"));
    EXPECT_EQ(taken_to_upstream(http), "hi");
}

TEST(Http1Request, AValueWithALineBreakIsNeverSent)
{
    Http1Connection http;
    http.agent_bytes(bytes_of("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    auto plan = plan_for(*http.waiting());
    plan.fields.push_back({"Authorization", "Bearer secret\n"});
    http.forward(plan);
    EXPECT_TRUE(taken_to_upstream(http).empty());
    EXPECT_TRUE(taken_to_agent(http).starts_with("HTTP/1.1 502 "));
}

TEST(Http1Request, AnUnfinishedBodyIsNeverCompleted)
{
    Http1Connection http;
    http.agent_bytes(bytes_of(with_fields("Content-Length: 5\r\n")));
    forward_as_is(http);
    http.agent_bytes(bytes_of("ab"));
    http.agent_ended();
    EXPECT_TRUE(http.was_cut());
    EXPECT_FALSE(http.needs_upstream());
    EXPECT_FALSE(http.upstream_is_reusable());
}

TEST(Http1Request, BackPressureStopsTheBody)
{
    Http1Connection http;
    http.agent_bytes(bytes_of(with_fields("Content-Length: 1000000\r\n")));
    forward_as_is(http);
    std::string const body(300000, 'x');
    auto const taken = http.agent_bytes(bytes_of(body));
    EXPECT_LE(taken, Http1Limits{}.buffered);
    EXPECT_EQ(http.agent_bytes(bytes_of(body)), 0u);
    taken_to_upstream(http);
    EXPECT_GT(http.agent_bytes(bytes_of(body)), 0u);
}

} // namespace
} // namespace osh::netproxy::proxy
