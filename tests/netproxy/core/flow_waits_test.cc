// Servers that are waited for, and how long: an agent of HTTP/1.1 whose server speaks HTTP/2 only.
// Shared connections are flow_links_test.cc's, WebSockets flow_websocket_test.cc's.
#include "tests/netproxy/core/links_playbook.h"

namespace osh::netproxy::core::test
{
namespace
{

// A fatal alert: no_application_protocol (RFC 7301 section 3.2).
constexpr std::string_view kNoProtocol{"\x15\x03\x03\x00\x02\x02\x78", 7};

class FlowWaits : public FlowLinks
{
protected:
    void asks()
    {
        start();
        outside = *proxy::UpstreamTls::create(agent_tls->ca_pem());
        flow = open("rest.test", 443);
        client.tls = *outside->connect({"rest.test", 443, HttpVersions::Only1}, at.wall);
        hears();
        client.tls->write(bytes_of("GET /ok/a HTTP/1.1\r\nHost: rest.test\r\n\r\n"));
        hears();
        replies(connects(), kNoProtocol);
    }
    std::string hears()
    {
        std::string plain;
        for (int round = 0; round < 20; ++round) {
            client.tls->receive(bytes_of(std::exchange(side(flow).out, {})));
            std::array<std::byte, 4096> space{};
            while (auto const count = client.tls->read(space))
                plain += text_of(Bytes(space).first(count));
            auto const sent = std::string(text_of(client.tls->output()));
            client.tls->consume_output(sent.size());
            says(flow, sent);
        }
        return plain;
    }
};

TEST_F(FlowWaits, AServerThatNeverSaysItsSettingsIsToldOf)
{
    asks();
    accepts_and_is_silent();
    later(kSettingsTimeout - 1s);
    EXPECT_EQ(hears(), "");
    later(1s);
    auto const answer = hears();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 502 ")) << answer;
    EXPECT_NE(answer.find("did not send its SETTINGS"), std::string::npos) << answer;
    EXPECT_TRUE(one<CloseUpstream>());
}

TEST_F(FlowWaits, OneThatSaidThemMayThinkForADay)
{
    asks();
    auto const upstream = accepts();
    ASSERT_NE(upstream, 0u);
    EXPECT_EQ(asked(upstream, 1).field(":path"), "/ok/a");
    later(kSettingsTimeout);
    later(24h);
    EXPECT_EQ(hears(), "");
    auto& server = servers.at(upstream).http2;
    server.session->answer(1, {{":status", "200"}}, Ends::No);
    server.says(1, "at last", Ends::Yes);
    moves_upstreams();
    auto const answer = hears();
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
    EXPECT_NE(answer.find("at last"), std::string::npos) << answer;
}

} // namespace
} // namespace osh::netproxy::core::test
