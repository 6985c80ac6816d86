// Fields after a chunked body, both ways: those that may pass do, and say nothing that a head says.
#include "netproxy/proxy/trailers.h"

#include "tests/netproxy/proxy/http1_playbook.h"

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::size_t kTooLong = 9000;
constexpr std::string_view kPost =
    "POST /x HTTP/1.1\r\nHost: a.test\r\nTE: trailers\r\nTrailer: X-Sum, Host\r\nX-Kept: 1\r\n"
    "Transfer-Encoding: chunked\r\n\r\n2\r\nhi\r\n0\r\n";

std::string forwarded(std::string_view trailers)
{
    Http1Connection http;
    std::string const text = std::string(kPost) + std::string(trailers);
    auto bytes = bytes_of(text);
    bytes = bytes.subspan(http.agent_bytes(bytes));
    forward_as_is(http);
    bytes = bytes.subspan(http.agent_bytes(bytes));
    EXPECT_TRUE(bytes.empty() || http.has_untold_fault());
    return taken_to_upstream(http) + http.refusal();
}

TEST(Trailers, OfARequestFollowItsLastChunk)
{
    auto const sent = forwarded("X-Sum: 7\r\n\r\n");
    EXPECT_EQ(sent, "POST /x HTTP/1.1\r\nHost: a.test\r\nX-Kept: 1\r\nConnection: TE\r\n"
                    "TE: trailers\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
                    "2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n");
}

TEST(Trailers, MaySayNothingThatAHeadSays)
{
    for (char const* name : {"Host", "Content-Length", "Transfer-Encoding", "Authorization",
             "Cookie", "X-HTTP-Method-Override", "Proxy-Authorization", "X-Forwarded-For",
             "If-Match", "Content-Type", "x-kept", "Set-Cookie", "Trailer", "Connection", "X_Kept",
             "X_Api_Key", "Proxy_Authorization", "X-Rewrite_URL", "X-Override-URL"}) {
        auto const sent = forwarded(std::string(name) + ": a\r\nX-Sum: 7\r\n\r\n");
        EXPECT_TRUE(sent.ends_with("\r\n0\r\nX-Sum: 7\r\n\r\n")) << sent;
    }
}

TEST(Trailers, ThatAreMalformedRefuseTheRequest)
{
    for (char const* bad :
        {"X Sum: 7\r\n\r\n", "X-Sum : 7\r\n\r\n", "X-Sum\r\n\r\n", ": 7\r\n\r\n", " X: 7\r\n\r\n",
            "X: 7\r\n Y\r\n\r\n", "X: 7\rY\r\n\r\n", "X: \x01\r\n\r\n", "X: 7\n\r\n"})
        EXPECT_NE(forwarded(bad).find("trailer"), std::string::npos) << bad;
    EXPECT_NE(forwarded("X: " + std::string(kTooLong, 'a')).find("too long"), std::string::npos);
}

TEST(Trailers, FollowABodyThatWasKeptToBeJudged)
{
    Http1Connection http;
    std::string const text = std::string(kPost) + "X-Sum: 7\r\n\r\n";
    auto bytes = bytes_of(text);
    bytes = bytes.subspan(http.agent_bytes(bytes));
    http.want_body(100);
    http.agent_bytes(bytes);
    ASSERT_EQ(http.body(), "hi");
    forward_as_is(http);
    EXPECT_TRUE(taken_to_upstream(http).ends_with("\r\n2\r\nhi\r\n0\r\nX-Sum: 7\r\n\r\n"));
}

std::string answered(std::string_view request, std::string_view trailers)
{
    Http1Connection http;
    http.agent_bytes(bytes_of(request));
    auto plan = plan_for(*http.waiting());
    plan.scrub = {{"real-secret-value", "placeholder-value"}};
    http.forward(std::move(plan));
    taken_to_upstream(http);
    http.upstream_bytes(bytes_of("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: "
                                 "X-Sum, Set-Cookie\r\n\r\n2\r\nhi\r\n0\r\n"
                                 + std::string(trailers)));
    return taken_to_agent(http) + http.upstream_fault();
}

constexpr std::string_view kGet = "GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n";

TEST(Trailers, OfAnAnswerComeBackWithoutSecrets)
{
    auto const got = answered(kGet, "X-Sum: real-secret-value\r\nreal-secret-value: 1\r\n"
                                    "Set-Cookie: a\r\nGrpc-Status: 0\r\n\r\n");
    EXPECT_NE(got.find("\r\nTrailer: X-Sum\r\n"), std::string::npos);
    EXPECT_TRUE(got.ends_with("\r\n0\r\nX-Sum: placeholder-value\r\nGrpc-Status: 0\r\n\r\n"))
        << got;
}

TEST(Trailers, OfAnAnswerAreLostWhereTheAgentKnowsNoChunks)
{
    auto const got = answered("GET /x HTTP/1.0\r\nHost: a.test\r\n\r\n", "X-Sum: 7\r\n\r\n");
    EXPECT_TRUE(got.ends_with("\r\n\r\nhi")) << got;
}

TEST(Trailers, OfAnAnswerThatAreMalformedCutIt)
{
    EXPECT_NE(answered(kGet, "X Sum: 7\r\n\r\n").find("trailer"), std::string::npos);
}

} // namespace
} // namespace osh::netproxy::proxy
