#include "policy/model/upstream_proxy.h"

#include <gtest/gtest.h>

namespace osh::policy
{

TEST(ParseProxy, ReadsHostPortAndUser)
{
    auto const proxy = *parse_proxy("http://us:p%40s%3As@Proxy.Corp:3128/ignored");
    ASSERT_TRUE(proxy);
    EXPECT_EQ(proxy->host, "proxy.corp");
    EXPECT_EQ(proxy->port, 3128);
    EXPECT_EQ(proxy->authorization, "Basic dXM6cEBzOnM="); // us:p@s:s
}

TEST(ParseProxy, ASchemeAndAPortMayBeMissing)
{
    EXPECT_EQ((*parse_proxy("10.0.0.1:8080"))->port, 8080);
    EXPECT_EQ((*parse_proxy("http://proxy"))->port, 80);
    EXPECT_EQ((*parse_proxy("http://[fd00::1]:3128"))->host, "fd00::1");
    EXPECT_EQ((*parse_proxy("http://me@proxy:1"))->authorization, "Basic bWU6");
    EXPECT_FALSE(*parse_proxy("  "));
}

TEST(ParseProxy, RefusesWhatItCannotUseAndNeverRepeatsIt)
{
    for (auto const* text : {"socks5://u:secret@h:1", "https://u:secret@h:1", "http://u:secret@h:0",
             "http://u:secret@h:x", "http://u:secret@", "http://u:secret@a b:1",
             "http://u:sec%0aret@h:1", "http://u:secret@[::1", "http://u:secret@h\r\nX: y:1"}) {
        auto const proxy = parse_proxy(text);
        ASSERT_FALSE(proxy.ok()) << text;
        EXPECT_EQ(proxy.error().sentence.find("secret"), std::string::npos) << text;
    }
}

TEST(NoProxy, CoversNamesTheirSubdomainsAddressesAndBlocks)
{
    NoProxy const except(
        "example.com, .corp  127.0.0.1,10.0.0.0/8,[fd00::1],*.star.test,port.test:8080");
    for (auto const* host : {"example.com", "a.example.com", "b.corp", "corp", "127.0.0.1",
             "10.1.2.3", "fd00::1", "x.star.test"})
        EXPECT_TRUE(except.covers(host, 443)) << host;
    for (auto const* host :
        {"notexample.com", "example.com.evil.test", "11.0.0.1", "fd00::2", "port.test"})
        EXPECT_FALSE(except.covers(host, 443)) << host;
    EXPECT_TRUE(except.covers("port.test", 8080));
    EXPECT_TRUE(NoProxy("*").covers("anything", 1));
    EXPECT_FALSE(NoProxy("").covers("anything", 1));
}

TEST(UpstreamProxies, PortEightyHasAVariableOfItsOwn)
{
    UpstreamProxies const proxies{
        *parse_proxy("secure:1"), *parse_proxy("plain:2"), NoProxy("direct.test")};
    EXPECT_EQ(proxies.for_target("a.test", 443)->host, "secure");
    EXPECT_EQ(proxies.for_target("a.test", 22)->host, "secure");
    EXPECT_EQ(proxies.for_target("a.test", 80)->host, "plain");
    EXPECT_EQ(proxies.for_target("direct.test", 443), nullptr);
    EXPECT_EQ(UpstreamProxies{}.for_target("a.test", 443), nullptr);
}

} // namespace osh::policy
