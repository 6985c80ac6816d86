// A server's fault before it answered: what waits for whom.
#include "tests/netproxy/proxy/http1_playbook.h"

namespace osh::netproxy::proxy
{
namespace
{

TEST(Http1Fault, WaitsForItsOwnersWords)
{
    Http1Connection http;
    start_get(http);
    http.upstream_ended(true);
    ASSERT_TRUE(http.has_untold_fault());
    EXPECT_EQ(http.upstream_fault(), "it closed the connection without an answer");
    EXPECT_TRUE(http.to_agent().empty());
    EXPECT_FALSE(http.is_finished() || http.needs_upstream() || http.may_send_again());
    EXPECT_EQ(http.agent_bytes(bytes_of("GET /y HTTP/1.1\r\n")), 0U);
    http.agent_ended(); // its direction only
    LocalAnswer reply;
    reply.status = 502;
    reply.body = "in words";
    http.fail_with(reply);
    EXPECT_FALSE(http.has_untold_fault());
    EXPECT_TRUE(taken_to_agent(http).ends_with("\r\n\r\nin words"));
    EXPECT_TRUE(http.is_finished());
    EXPECT_FALSE(http.was_cut());
}

// Large packs of git: it reads no answer before it has sent all.
TEST(Http1Fault, IsToldAfterTheBodyToWhoReadsNothingBefore)
{
    Http1Connection http;
    http.agent_bytes(bytes_of("POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\n"));
    forward_as_is(http);
    http.agent_bytes(bytes_of("abc"));
    http.upstream_ended(false);
    LocalAnswer reply;
    reply.after_body = true;
    http.fail_with(reply);
    EXPECT_FALSE(http.has_untold_fault() || http.is_finished() || http.needs_upstream());
    EXPECT_EQ(taken_to_agent(http), "");
    EXPECT_EQ(http.agent_bytes(bytes_of("def")), 3U);
    EXPECT_TRUE(taken_to_agent(http).starts_with("HTTP/1.1 403 "));
    EXPECT_TRUE(http.is_finished());
}

TEST(Http1Fault, EndsWithAnAgentThatSendsNoMore)
{
    Http1Connection http;
    http.agent_bytes(bytes_of("POST /x HTTP/1.1\r\nHost: a.test\r\nContent-Length: 6\r\n\r\n"));
    forward_as_is(http);
    http.agent_bytes(bytes_of("abc"));
    http.upstream_ended(false);
    http.agent_ended();
    LocalAnswer reply;
    reply.after_body = true;
    http.fail_with(reply);
    EXPECT_TRUE(http.is_finished());
}

} // namespace
} // namespace osh::netproxy::proxy
