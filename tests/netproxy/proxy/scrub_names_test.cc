// A secret that a server echoes as the name of a header field: found by fuzzing.
#include "netproxy/proxy/http1_scrub.h"
#include "tests/netproxy/proxy/http1_playbook.h"

namespace osh::netproxy::proxy
{
namespace
{

TEST(ScrubNames, LeavesAFieldOutThatIsNamedByAValue)
{
    Http1Connection http;
    http.agent_bytes(bytes_of("GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    auto plan = plan_for(*http.waiting());
    plan.scrub = {{"sk-Secret", "sk-MASKED"}};
    http.forward(plan);
    http.upstream_bytes(bytes_of("HTTP/1.1 200 OK\r\nX-SK-secret-1: a\r\nX-Other: b\r\n"
                                 "Content-Length: 0\r\n\r\n"));
    EXPECT_EQ(taken_to_agent(http), "HTTP/1.1 200 OK\r\nX-Other: b\r\nContent-Length: 0\r\n\r\n");
}

TEST(ScrubNames, DoesNotLookAtCase)
{
    Scrubber const scrubber({{"Sk-1", "****"}});
    EXPECT_TRUE(scrubber.is_in_name("x-sK-1"));
    EXPECT_FALSE(scrubber.is_in_name("x-sk-2"));
    EXPECT_FALSE(Scrubber().is_in_name("x"));
}

// Hours, were each of them looked for from the start.
TEST(Scrub, DoesNotSlowDownOnATextFullOfThem)
{
    constexpr std::size_t kTimes = 100'000;
    Scrubber scrubber({{"real-secret-value", "mask"}, {"never-there", "a"}, {"nor-this-one", "b"}});
    std::string text, out;
    for (std::size_t i = 0; i < kTimes; ++i)
        text += "real-secret-value,";
    scrubber.feed(text, out);
    scrubber.finish(out);
    EXPECT_EQ(out.size(), kTimes * 5);
    EXPECT_EQ(out.find("real"), std::string::npos);
    EXPECT_EQ(scrubber.replaced(text), out);
}

} // namespace
} // namespace osh::netproxy::proxy
