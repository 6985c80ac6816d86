// WebSockets over HTTP/2 through the whole of the core: judged as over HTTP/1.1, and on their way
// to servers of either version.
#include "tests/netproxy/core/links_playbook.h"

namespace osh::netproxy::core::test
{
namespace
{

constexpr char const* kSockets = R"(version: 1
network_policies:
  s:
    endpoints:
      - host: rest.test
        port: 443
        protocol: websocket
        enforcement: enforce
        rules:
          - allow: { method: GET, path: "/**" }
          - allow: { method: WEBSOCKET_TEXT, path: "/talk" }
        deny_rules:
          - { method: GET, path: "/secret" }
    binaries: [{ path: /usr/bin/curl }]
)";
constexpr char const* kPagesAndSockets = R"(version: 1
network_policies:
  s:
    endpoints:
      - host: rest.test
        port: 443
        protocol: rest
        enforcement: enforce
        rules:
          - allow: { method: GET, path: "/**" }
          - allow: { method: WEBSOCKET_TEXT, path: "/talk" }
    binaries: [{ path: /usr/bin/curl }]
)";
constexpr proxy::MaskKey kMask{1, 2, 3, 4};

std::string frame(proxy::Opcode opcode, std::string_view text)
{
    std::string out;
    proxy::append_frame(out, opcode, text, &kMask);
    return out;
}

class FlowSockets : public FlowLinks
{
protected:
    void begins(WhenUnruled when = WhenUnruled::Deny, char const* policy = kSockets)
    {
        start(when, policy);
        outside = *proxy::UpstreamTls::create(agent_tls->ca_pem());
        flow = open_agent(client);
    }
    StreamId asks(std::string const& path, std::string const& host = "rest.test")
    {
        auto const id = client.http2.session->request(
            {{":method", "CONNECT"}, {":protocol", "websocket"}, {":scheme", "https"},
                {":authority", host}, {":path", path}, {"sec-websocket-version", "13"},
                {"sec-websocket-extensions", "x-odd, permessage-deflate"}},
            Ends::No);
        client.http2.replies[id];
        moves();
        return id;
    }
    // A server of HTTP/1.1, over TLS: what it was asked.
    std::string connects_http1()
    {
        http1 = connects();
        EXPECT_NE(http1, 0u);
        server = *agent_tls->accept("rest.test", at.wall, HttpVersions::Both);
        auto request = hears();
        EXPECT_EQ(server->alpn(), "http/1.1") << "as browsers do";
        return request;
    }
    std::string hears()
    {
        std::string plain;
        for (int round = 0; round < 10; ++round) {
            auto const sent = upstream_text(http1);
            core->sent_upstream(http1, sent.size(), at);
            server->receive(bytes_of(sent));
            std::array<std::byte, 4096> space{};
            while (auto const count = server->read(space))
                plain += text_of(Bytes(space).first(count));
            auto const back = std::string(text_of(server->output()));
            server->consume_output(back.size());
            if (!back.empty())
                replies(http1, back);
        }
        moves(flow, client);
        return plain;
    }
    void answers_http1(std::string_view text)
    {
        server->write(bytes_of(text));
        hears();
    }
    StreamId opens(std::string const& path)
    {
        auto const id = asks(path);
        head = connects_http1();
        auto const at_key = head.find("Sec-WebSocket-Key: ") + 19;
        answers_http1("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
                      "Upgrade\r\nSec-WebSocket-Accept: "
                      + proxy::websocket_accept(head.substr(at_key, 24)) + "\r\n\r\n");
        EXPECT_EQ(reply(id).status(), "200");
        return id;
    }
    void says(StreamId id, std::string_view text, Ends ends = Ends::No)
    {
        client.http2.says(id, text, ends);
        moves(flow, client);
    }

    // The question about a message; meanwhile the server has closed, and the agent has not.
    std::uint64_t asks_and_server_leaves()
    {
        begins(WhenUnruled::Ask);
        auto const id = opens("/mute");
        says(id, frame(proxy::Opcode::Text, "hi"));
        auto const question = told<policy::Question>();
        EXPECT_TRUE(question);
        server->close();
        hears();
        EXPECT_TRUE(reply(id).is_complete);
        return question ? question->id : 0;
    }

    UpstreamId http1 = 0;
    std::unique_ptr<TlsSession> server;
    std::string head;
};

TEST_F(FlowSockets, AreUpgradedTowardsHttp1WithAKeyOfOurs)
{
    begins();
    opens("/talk");
    EXPECT_TRUE(head.starts_with("GET /talk HTTP/1.1\r\nHost: rest.test\r\n")) << head;
    EXPECT_NE(head.find("xtensions: permessage-deflate\r\n"), std::string::npos);
    EXPECT_EQ(head.find("x-odd"), std::string::npos);
    auto const first = head.substr(head.find("Sec-WebSocket-Key: ") + 19, 24);
    EXPECT_TRUE(first.ends_with("==")) << "16 bytes";
    opens("/talk");
    EXPECT_NE(head.substr(head.find("Sec-WebSocket-Key: ") + 19, 24), first);
}

TEST_F(FlowSockets, ADeniedPathIsA403AndNothingIsDialled)
{
    begins();
    auto const id = asks("/secret");
    EXPECT_EQ(reply(id).status(), "403");
    EXPECT_NE(reply(id).body.find("policy_denied"), std::string::npos);
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowSockets, AnotherAuthorityIsA421)
{
    begins();
    EXPECT_EQ(reply(asks("/talk", "other.test")).status(), "421");
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowSockets, AGetRuleForPlainRequestsOpensNone)
{
    begins(WhenUnruled::Deny, kPolicy);
    auto const id = asks("/ok/ws");
    EXPECT_EQ(reply(id).status(), "403");
    EXPECT_NE(reply(id).body.find("WEBSOCKET_TEXT"), std::string::npos);
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowSockets, AMessageThatARulePermitsGoesOn)
{
    begins();
    auto const id = opens("/talk");
    says(id, frame(proxy::Opcode::Text, "hi"));
    EXPECT_EQ(hears(), frame(proxy::Opcode::Text, "hi"));
}

TEST_F(FlowSockets, OneThatNoRulePermitsClosesThisStreamOnly)
{
    begins();
    auto const id = opens("/mute");
    says(id, frame(proxy::Opcode::Text, "hi"));
    EXPECT_EQ(hears().find("hi"), std::string::npos);
    EXPECT_TRUE(reply(id).body.find("\x03\xf0osh: blocked by policy") != std::string::npos);
    EXPECT_TRUE(reply(id).is_complete);
    auto const other = opens("/talk");
    says(other, frame(proxy::Opcode::Text, "hi"));
    EXPECT_EQ(hears(), frame(proxy::Opcode::Text, "hi"));
}

TEST_F(FlowSockets, APersonIsAskedAboutTheFirstMessage)
{
    begins(WhenUnruled::Ask);
    auto const id = opens("/mute");
    says(id, frame(proxy::Opcode::Text, "hi"));
    auto const question = told<policy::Question>();
    ASSERT_TRUE(question);
    EXPECT_EQ(question->target.method, "WEBSOCKET_TEXT");
    says(id, "", Ends::Yes);
    core->answered({question->id, true, "", "q-1"}, at);
    EXPECT_EQ(hears(), frame(proxy::Opcode::Text, "hi")) << "also after the agent's end";
    EXPECT_TRUE(core->has_finished_sending(http1));
}

TEST_F(FlowSockets, ANewPolicyClosesWithRestart)
{
    begins();
    auto const id = opens("/talk");
    core->swap_policy(compiled("version: 1\n"), at);
    moves(flow, client);
    EXPECT_TRUE(reply(id).body.find("\x03\xf4osh: a new policy") != std::string::npos);
    EXPECT_TRUE(reply(id).is_complete);
}

TEST_F(FlowSockets, TheAgentsEndIsAHalfCloseOfTls)
{
    begins();
    auto const id = opens("/talk");
    EXPECT_FALSE(core->has_finished_sending(http1));
    says(id, "", Ends::Yes);
    EXPECT_FALSE(core->has_finished_sending(http1)) << "close_notify is not out";
    hears();
    EXPECT_TRUE(core->has_finished_sending(http1));
    EXPECT_EQ(server->state(), proxy::TlsState::Closed);
    EXPECT_FALSE(reply(id).is_complete) << "the server may go on";
}

TEST_F(FlowSockets, AServerThatDoesNotHearTheLastWordsIsLeft)
{
    begins();
    auto const id = opens("/mute");
    says(id, frame(proxy::Opcode::Text, "hi"));
    EXPECT_TRUE(reply(id).is_complete);
    EXPECT_FALSE(one<CloseUpstream>()) << "our Close is not out";
    later(kLinger);
    EXPECT_TRUE(one<CloseUpstream>());
}

TEST_F(FlowSockets, JoinASharedConnectionThatTakesThem)
{
    begins(WhenUnruled::Deny, kPagesAndSockets);
    gets("/page");
    auto const upstream = accepts();
    ASSERT_NE(upstream, 0u);
    auto const id = asks("/talk");
    EXPECT_FALSE(one<Resolve>()) << "no further connection";
    EXPECT_EQ(asked(upstream, 3).field(":method"), "CONNECT");
    EXPECT_EQ(asked(upstream, 3).field(":protocol"), "websocket");
    servers.at(upstream).http2.session->answer(3, {{":status", "200"}}, Ends::No);
    moves();
    EXPECT_EQ(reply(id).status(), "200");
    client.http2.says(id, frame(proxy::Opcode::Text, "hi"));
    moves();
    EXPECT_EQ(asked(upstream, 3).body, frame(proxy::Opcode::Text, "hi"));
}

TEST_F(FlowSockets, AFaultOfTheAgentsDoesNotWaitForEverForTheEndOfAFrame)
{
    begins();
    auto const id = opens("/talk");
    answers_http1(std::string("\x81\x04he", 4));
    says(id, std::string("\x81\x02hi", 4)); // not masked
    later(kFrameTimeout - 1s);
    moves(flow, client);
    EXPECT_FALSE(reply(id).is_closed);
    later(1s);
    moves(flow, client);
    EXPECT_TRUE(reply(id).is_closed);
    EXPECT_TRUE(one<CloseUpstream>());
}

TEST_F(FlowSockets, AServerThatNeverAnswersACloseIsLeft)
{
    begins();
    auto const id = opens("/talk");
    says(id, frame(proxy::Opcode::Close, "\x03\xe8"));
    EXPECT_EQ(hears(), frame(proxy::Opcode::Close, "\x03\xe8"));
    later(kLinger - 1s);
    moves(flow, client);
    EXPECT_FALSE(reply(id).is_closed);
    later(1s);
    moves(flow, client);
    EXPECT_TRUE(reply(id).is_closed);
    EXPECT_TRUE(one<CloseUpstream>());
}

TEST_F(FlowSockets, GetAConnectionOfHttp1WhereTheSharedOneTakesNone)
{
    begins(WhenUnruled::Deny, kPagesAndSockets);
    server_limits.takes_sockets = false;
    gets("/page");
    auto const upstream = accepts();
    ASSERT_NE(upstream, 0u);
    opens("/talk");
    EXPECT_TRUE(head.starts_with("GET /talk HTTP/1.1\r\n"));
    EXPECT_FALSE(servers.at(upstream).http2.replies.contains(3));
}

TEST_F(FlowSockets, TheServersEndTakesAMessagesQuestionWithIt)
{
    auto const question = asks_and_server_leaves();
    core->answered({question, true, "", "q-1"}, at);
    EXPECT_TRUE(told<policy::QuestionGone>());
}

TEST_F(FlowSockets, NeitherARefusalNorADeadlineComesAfterTheServersEnd)
{
    auto const question = asks_and_server_leaves();
    core->answered({question, false, "", "q-1"}, at);
    later(settings.hold);
    later(kIdleTimeout);
    EXPECT_TRUE(told<policy::QuestionGone>());
    EXPECT_FALSE(told<policy::QuestionGone>());
}

TEST_F(FlowSockets, OneThatIsToTravelOverHttp1SaysNothingAboutPages)
{
    begins(WhenUnruled::Deny, kPagesAndSockets);
    gets("/page");
    auto const upstream = accepts();
    ASSERT_NE(upstream, 0u);
    asks("/talk");
    servers.at(upstream).http2.session->reset(3, Http2Error::Http11Required);
    moves();
    EXPECT_TRUE(connects_http1().starts_with("GET /talk HTTP/1.1\r\n"));
    gets("/other");
    EXPECT_EQ(asked(upstream, 5).field(":path"), "/other");
}

} // namespace
} // namespace osh::netproxy::core::test
