// The person's own proxy and host.osh.internal, as the core leads flows there.

#include "tests/netproxy/core/playbook.h"

namespace osh::netproxy::core::test
{
namespace
{

constexpr char const* kHostPolicy = R"(version: 1
network_policies:
  named:
    endpoints:
      - { host: raw.test, ports: [80, 2222] }
      - { host: host.osh.internal, port: 5432 }
    binaries: [{ path: /usr/bin/curl }]
  pattern:
    endpoints: [{ host: "*.osh.internal", port: 6379 }, { host: "*.wild.test", port: 2222 }]
    binaries: [{ path: /usr/bin/curl }]
)";

} // namespace

class FlowProxy : public Playbook
{
protected:
    void begin(char const* proxy, char const* except = "")
    {
        settings.proxies = {
            *policy::parse_proxy(proxy), *policy::parse_proxy(proxy), policy::NoProxy(except)};
        start(WhenUnruled::Deny, kHostPolicy);
    }
};

TEST_F(FlowProxy, GivesTheProxyTheNameAfterTheAddressWasChecked)
{
    begin("http://us:pw@10.0.0.9:3128");
    open("raw.test", 2222);
    auto const look_up = one<Resolve>();
    ASSERT_TRUE(look_up);
    EXPECT_EQ(look_up->name, "raw.test");
    core->resolved(look_up->id, std::vector{ip("45.77.0.2")}, at);
    auto const dial = one<Dial>();
    ASSERT_TRUE(dial && dial->tunnel);
    EXPECT_EQ(dial->addresses, std::vector{ip("10.0.0.9")});
    EXPECT_EQ(dial->port, 3128);
    EXPECT_EQ(dial->reach, Reach::Proxy);
    EXPECT_EQ(dial->tunnel->authority, "raw.test:2222");
    EXPECT_EQ(dial->tunnel->authorization, "Basic dXM6cHc=");
}

TEST_F(FlowProxy, PlainRequestsAreAskedOfTheProxyItself)
{
    settings.proxies = {std::nullopt, *policy::parse_proxy("http://us:pw@10.0.0.9:3128"), {}};
    start();
    says(open("rest.test", 80), "GET /ok/a?b HTTP/1.1\r\nHost: rest.test\r\n\r\n");
    core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2")}, at);
    auto const dial = one<Dial>();
    ASSERT_TRUE(dial && dial->tunnel);
    EXPECT_EQ(dial->reach, Reach::Proxy);
    EXPECT_EQ(dial->tunnel->authority, ""); // none
    core->dialled(dial->upstream, at);
    EXPECT_TRUE(upstream_text(dial->upstream)
                    .starts_with("GET http://rest.test/ok/a?b HTTP/1.1\r\nHost: rest.test\r\n"
                                 "Proxy-Authorization: Basic dXM6cHc=\r\n"));
}

TEST_F(FlowProxy, AProxyThatWantsOtherCredentialsIsAFailureAndNoQuestionToTheAgent)
{
    settings.proxies = {std::nullopt, *policy::parse_proxy("http://us:pw@10.0.0.9:3128"), {}};
    start();
    auto const flow = open("rest.test", 80);
    says(flow, "GET /ok/a HTTP/1.1\r\nHost: rest.test\r\n\r\n");
    auto const upstream = connects();
    core->sent_upstream(upstream, upstream_text(upstream).size(), at);
    replies(upstream, "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 502 ")) << side(flow).out;
    EXPECT_NE(side(flow).out.find("407"), std::string::npos);
}

TEST_F(FlowProxy, PlainHttpThatNoRuleReadsIsAskedOfTheProxyToo)
{
    begin("10.0.0.9:3128");
    auto const flow = open("raw.test", 80);
    EXPECT_FALSE(one<Resolve>());
    says(flow, "DELETE /x HTTP/1.1\r\nHost: raw.test\r\n\r\n");
    core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2")}, at);
    auto const dial = one<Dial>();
    ASSERT_TRUE(dial && dial->tunnel);
    EXPECT_EQ(dial->tunnel->authority, "");
    core->dialled(dial->upstream, at);
    EXPECT_TRUE(upstream_text(dial->upstream).starts_with("DELETE http://raw.test/x HTTP/1.1\r\n"));
}

TEST_F(FlowProxy, WhatIsNoHttpOnItsPortStillHasATunnel)
{
    begin("10.0.0.9:3128");
    auto const flow = open("raw.test", 80);
    says(flow, std::string("\x01\x02\x03 something else\r\n\r\n"));
    core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2")}, at);
    auto const dial = one<Dial>();
    ASSERT_TRUE(dial && dial->tunnel);
    EXPECT_EQ(dial->tunnel->authority, "raw.test:80");
}

constexpr char const* kHandshake =
    "GET /ws HTTP/1.1\r\nHost: raw.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

TEST_F(FlowProxy, AWebSocketAfterARequestHasATunnelThatNeverSeesTheSecret)
{
    begin("http://us:pw@10.0.0.9:3128");
    auto const flow = open("raw.test", 80);
    says(flow, "GET /b HTTP/1.1\r\nHost: raw.test\r\n\r\n");
    auto const asked = connects();
    auto const text = upstream_text(asked);
    EXPECT_TRUE(text.starts_with("GET http://raw.test/b HTTP/1.1\r\n")) << text;
    EXPECT_NE(text.find("Proxy-Authorization: Basic dXM6cHc="), std::string::npos) << text;
    core->sent_upstream(asked, text.size(), at);
    replies(asked, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    says(flow, kHandshake);
    auto const left = one<CloseUpstream>();
    ASSERT_TRUE(left);
    EXPECT_EQ(left->upstream, asked);
    core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2")}, at);
    auto const dial = one<Dial>();
    ASSERT_TRUE(dial && dial->tunnel);
    EXPECT_EQ(dial->tunnel->authority, "raw.test:80");
    core->dialled(dial->upstream, at);
    auto const handshake = upstream_text(dial->upstream);
    EXPECT_TRUE(handshake.starts_with("GET /ws HTTP/1.1\r\n")) << handshake;
    EXPECT_EQ(handshake.find("Proxy-Authorization"), std::string::npos) << handshake;
}

TEST_F(FlowProxy, ARefusedWebSocketEndsTheConnectionAndTheNextRequestIsAskedOfTheProxy)
{
    begin("http://us:pw@10.0.0.9:3128");
    auto const flow = open("raw.test", 80);
    says(flow, kHandshake);
    auto const tunnel = connects();
    core->sent_upstream(tunnel, upstream_text(tunnel).size(), at);
    replies(tunnel, "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n");
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 404 ")) << side(flow).out;
    EXPECT_NE(side(flow).out.find("Connection: close"), std::string::npos) << side(flow).out;
    says(flow, "GET /b HTTP/1.1\r\nHost: raw.test\r\n\r\n");
    EXPECT_FALSE(one<Resolve>()) << "over";
    says(open("raw.test", 80), "GET /b HTTP/1.1\r\nHost: raw.test\r\n\r\n");
    core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2")}, at);
    auto const dial = one<Dial>();
    ASSERT_TRUE(dial && dial->tunnel);
    EXPECT_EQ(dial->tunnel->authority, "");
}

TEST_F(FlowProxy, LooksTheProxyUpAfterTheTarget)
{
    begin("proxy.corp:3128");
    open("raw.test", 2222);
    core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2")}, at);
    auto const proxy = one<Resolve>();
    ASSERT_TRUE(proxy);
    EXPECT_EQ(proxy->name, "proxy.corp");
    EXPECT_FALSE(one<Dial>());
    core->resolved(proxy->id, std::vector{ip("10.0.0.9")}, at);
    EXPECT_EQ(one<Dial>()->addresses, std::vector{ip("10.0.0.9")});
}

TEST_F(FlowProxy, OneRefusedAddressOfTheTargetRefusesTheConnection)
{
    begin("10.0.0.9:3128");
    auto const flow = open("raw.test", 2222);
    core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2"), ip("127.0.0.1")}, at);
    EXPECT_FALSE(one<Dial>());
    EXPECT_TRUE(side(flow).unreachable);
}

TEST_F(FlowProxy, AnUnknownNameGoesOnOnlyIfARuleSpellsItOut)
{
    begin("10.0.0.9:3128");
    open("raw.test", 2222);
    core->resolved(one<Resolve>()->id, fail(Errc::NotFound, "no such name"), at);
    EXPECT_TRUE(one<Dial>());
    open("a.wild.test", 2222);
    core->resolved(one<Resolve>()->id, fail(Errc::NotFound, "no such name"), at);
    EXPECT_FALSE(one<Dial>());
}

TEST_F(FlowProxy, AProxyThatCannotBeLookedUpIsNeverGoneAround)
{
    begin("proxy.corp:3128");
    auto const flow = open("raw.test", 2222);
    core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2")}, at);
    core->resolved(one<Resolve>()->id, fail(Errc::NotFound, "no such name"), at);
    EXPECT_FALSE(one<Dial>());
    EXPECT_TRUE(side(flow).unreachable);
}

TEST_F(FlowProxy, AnExceptionGoesDirectly)
{
    begin("10.0.0.9:3128", "raw.test");
    open("raw.test", 2222);
    core->resolved(one<Resolve>()->id, std::vector{ip("45.77.0.2")}, at);
    auto const dial = one<Dial>();
    ASSERT_TRUE(dial);
    EXPECT_FALSE(dial->tunnel);
    EXPECT_EQ(dial->reach, Reach::World);
}

TEST_F(FlowProxy, TheHostsOwnServicesAreDialledOnTheLoopbackWithoutALookUp)
{
    begin("10.0.0.9:3128"); // never through a proxy
    open("host.osh.internal", 5432);
    EXPECT_FALSE(one<Resolve>());
    auto const dial = one<Dial>();
    ASSERT_TRUE(dial);
    EXPECT_EQ(dial->reach, Reach::OwnLoopback);
    EXPECT_FALSE(dial->tunnel);
    EXPECT_EQ(dial->addresses, (std::vector{ip("::1"), ip("127.0.0.1")}));
}

TEST_F(FlowProxy, NoPatternAndNoOtherPortOpensTheHostsServices)
{
    begin("");
    for (std::uint16_t const port : {6379, 22}) {
        auto const flow = open("host.osh.internal", port);
        EXPECT_FALSE(one<Dial>());
        EXPECT_TRUE(side(flow).is_refused);
    }
}

TEST_F(FlowProxy, NobodyIsAskedAboutTheHostsServices)
{
    start(WhenUnruled::Ask, kHostPolicy);
    auto const flow = open("host.osh.internal", 22);
    EXPECT_FALSE(told<policy::Question>());
    EXPECT_TRUE(side(flow).is_refused);
    start(WhenUnruled::Audit, kHostPolicy);
    open("host.osh.internal", 22);
    EXPECT_FALSE(one<Dial>());
}

TEST_F(FlowProxy, NewNamesBelowAPatternAreLimited)
{
    settings.new_names.per_minute = 1;
    start(WhenUnruled::Deny, kHostPolicy);
    open("a.wild.test", 2222);
    EXPECT_TRUE(one<Resolve>());
    auto const second = open("b.wild.test", 2222);
    EXPECT_FALSE(one<Resolve>());
    EXPECT_TRUE(side(second).unreachable);
    open("raw.test", 2222);
    EXPECT_TRUE(one<Resolve>());
    EXPECT_EQ(core->names_refused(), 1u);
}

} // namespace osh::netproxy::core::test
