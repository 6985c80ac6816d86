#include "tests/netproxy/core/playbook.h"

namespace osh::netproxy::core::test
{
namespace
{

constexpr char const* kSockets = R"(version: 1
network_policies:
  s:
    endpoints:
      - host: ws.test
        port: 80
        protocol: websocket
        enforcement: enforce
        rules:
          - allow: { method: GET, path: "/**" }
          - allow: { method: WEBSOCKET_TEXT, path: "/talk" }
    binaries: [{ path: /usr/bin/curl }]
)";
constexpr proxy::MaskKey kMask{1, 2, 3, 4};

class FlowWebSocket : public Playbook
{
protected:
    // A socket on `path` that is open on both sides.
    void opens(std::string const& path, std::string const& agreed = "permessage-deflate")
    {
        flow = open("ws.test", 80);
        says(flow,
            "GET " + path
                + " HTTP/1.1\r\nHost: ws.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                  "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Extensions: x-odd, "
                  "permessage-deflate; client_max_window_bits\r\n"
                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
        upstream = connects();
        ASSERT_NE(upstream, 0u);
        sent = upstream_text(upstream);
        core->sent_upstream(upstream, sent.size(), at);
        replies(upstream, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
                          "Upgrade\r\nSec-WebSocket-Extensions: "
                              + agreed
                              + "\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    }
    static std::string frame(proxy::Opcode opcode, std::string_view text)
    {
        std::string out;
        proxy::append_frame(out, opcode, text, &kMask);
        return out;
    }
    bool was_closed_with(std::string const& start)
    {
        return side(flow).out.find(start) != std::string::npos;
    }

    FlowId flow = 0;
    UpstreamId upstream = 0;
    std::string sent;
};

TEST_F(FlowWebSocket, AgreesOnlyOnWhatItCanRead)
{
    start(WhenUnruled::Deny, kSockets);
    opens("/talk");
    EXPECT_NE(
        sent.find("Extensions: permessage-deflate; client_max_window_bits\r\n"), std::string::npos);
    EXPECT_EQ(sent.find("x-odd"), std::string::npos);
    EXPECT_NE(side(flow).out.find("permessage-deflate; client_no_context_takeover\r\n"),
        std::string::npos);
}

TEST_F(FlowWebSocket, ReadsTheParametersThatAServerAgreesOn)
{
    start(WhenUnruled::Deny, kSockets);
    opens("/talk", "permessage-deflate; server_max_window_bits=10; client_max_window_bits=9");
    EXPECT_NE(side(flow).out.find("client_max_window_bits=9; client_no_context_takeover\r\n"),
        std::string::npos);
    opens("/talk", "permessage-deflate; Client_No_Context_Takeover");
    EXPECT_NE(side(flow).out.find("permessage-deflate; Client_No_Context_Takeover\r\n"),
        std::string::npos);
}

TEST_F(FlowWebSocket, ATermOfAServerThatNobodyKnowsIsAFault)
{
    start(WhenUnruled::Deny, kSockets);
    opens("/talk", "permessage-deflate; x=\"client_no_context_takeover\"");
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 502"));
}

TEST_F(FlowWebSocket, AGetRuleForPlainRequestsOpensNone)
{
    start();
    flow = open("rest.test", 80);
    says(flow, "GET /ok/ws HTTP/1.1\r\nHost: rest.test\r\nConnection: Upgrade\r\n"
               "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
               "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n");
    EXPECT_TRUE(side(flow).out.starts_with("HTTP/1.1 403"));
    EXPECT_NE(side(flow).out.find("WEBSOCKET_TEXT"), std::string::npos);
    EXPECT_FALSE(one<Resolve>());
}

TEST_F(FlowWebSocket, PassesAMessageThatARulePermits)
{
    start(WhenUnruled::Deny, kSockets);
    opens("/talk");
    says(flow, frame(proxy::Opcode::Text, "hi"));
    EXPECT_EQ(upstream_text(upstream), frame(proxy::Opcode::Text, "hi"));
}

TEST_F(FlowWebSocket, ClosesAtAMessageThatNoRulePermits)
{
    start(WhenUnruled::Deny, kSockets);
    opens("/mute");
    says(flow, frame(proxy::Opcode::Text, "hi"));
    EXPECT_EQ(upstream_text(upstream).find("hi"), std::string::npos);
    EXPECT_TRUE(was_closed_with("\x03\xf0osh: blocked by policy"));
}

TEST_F(FlowWebSocket, ABinaryMessageNeedsTheSameRule)
{
    start(WhenUnruled::Deny, kSockets);
    opens("/mute");
    says(flow, frame(proxy::Opcode::Binary, "hi"));
    EXPECT_TRUE(was_closed_with("\x03\xf0osh: blocked by policy"));
}

TEST_F(FlowWebSocket, WaitsWithTheCloseForTheEndOfAFrame)
{
    start(WhenUnruled::Deny, kSockets);
    opens("/mute");
    replies(upstream, std::string("\x81\x04he", 4));
    says(flow, frame(proxy::Opcode::Text, "hi"));
    EXPECT_FALSE(was_closed_with("\x03\xf0osh"));
    replies(upstream, "y!more");
    EXPECT_TRUE(was_closed_with("\x81\x04hey!\x88"));
}

TEST_F(FlowWebSocket, APersonIsAskedAboutTheFirstMessage)
{
    start(WhenUnruled::Ask, kSockets);
    opens("/mute");
    says(flow, frame(proxy::Opcode::Text, "hi"));
    auto const question = told<policy::Question>();
    ASSERT_TRUE(question);
    EXPECT_EQ(question->target.method, "WEBSOCKET_TEXT");
    core->answered({question->id, true, "", "q-1"}, at);
    says(flow, frame(proxy::Opcode::Text, "ho"));
    EXPECT_EQ(upstream_text(upstream),
        frame(proxy::Opcode::Text, "hi") + frame(proxy::Opcode::Text, "ho"));
}

TEST_F(FlowWebSocket, ANewPolicyClosesWithRestart)
{
    start(WhenUnruled::Deny, kSockets);
    opens("/talk");
    says(flow, frame(proxy::Opcode::Text, "hi"));
    core->swap_policy(compiled("version: 1\n"), at);
    EXPECT_TRUE(was_closed_with("\x03\xf4osh: a new policy"));
}

TEST_F(FlowWebSocket, AFrameWithoutAMaskIsAFault)
{
    start(WhenUnruled::Deny, kSockets);
    opens("/talk");
    says(flow, std::string_view("\x81\x02hi", 4));
    EXPECT_TRUE(was_closed_with("\x03\xea"));
}

TEST_F(FlowWebSocket, TheAgentsEndTakesItsQuestionWithIt)
{
    start(WhenUnruled::Ask, kSockets);
    opens("/mute");
    says(flow, frame(proxy::Opcode::Ping, "") + frame(proxy::Opcode::Text, "hi"));
    auto const question = told<policy::Question>();
    ASSERT_TRUE(question);
    side(flow).has_finished = true;
    says(flow, "");
    core->answered({question->id, false, "", "q-1"}, at);
    EXPECT_TRUE(told<policy::QuestionGone>());
    EXPECT_EQ(upstream_text(upstream), frame(proxy::Opcode::Ping, "")) << "it waits for its reader";
}

TEST_F(FlowWebSocket, AMessageThatNobodyMayPassOnIsNotJudgedAgainAndAgain)
{
    start(WhenUnruled::Ask, kSockets);
    opens("/mute");
    says(flow, frame(proxy::Opcode::Ping, "") + frame(proxy::Opcode::Text, "hi"));
    auto const question = told<policy::Question>();
    ASSERT_TRUE(question);
    side(flow).has_finished = true;
    says(flow, "");
    std::string policy(kSockets);
    policy.insert(policy.find("    binaries"),
        "        deny_rules:\n          - { method: WEBSOCKET_TEXT, path: \"/mute\" }\n");
    core->swap_policy(compiled(policy), at);
    core->answered({question->id, false, "", "q-1"}, at);
    EXPECT_TRUE(told<policy::QuestionGone>());
}

TEST_F(FlowWebSocket, OneThatANewPolicyAllowsOutlivesTheDeadlineOfItsQuestion)
{
    start(WhenUnruled::Ask, kSockets);
    opens("/mute");
    says(flow, frame(proxy::Opcode::Text, "hi"));
    ASSERT_TRUE(told<policy::Question>());
    std::string policy(kSockets);
    policy.replace(policy.find("/talk"), 5, "/mute");
    core->swap_policy(compiled(policy), at);
    later(settings.hold + Duration{1'000'000'000});
    says(flow, frame(proxy::Opcode::Text, "ho"));
    EXPECT_EQ(upstream_text(upstream),
        frame(proxy::Opcode::Text, "hi") + frame(proxy::Opcode::Text, "ho"));
    EXPECT_FALSE(side(flow).is_finished);
}

TEST_F(FlowWebSocket, ACloseDoesNotWaitForEverForTheEndOfAFrame)
{
    start(WhenUnruled::Deny, kSockets);
    opens("/mute");
    replies(upstream, std::string("\x81\x04he", 4));
    says(flow, frame(proxy::Opcode::Text, "hi"));
    EXPECT_FALSE(side(flow).is_finished);
    later(kFrameTimeout);
    EXPECT_TRUE(side(flow).is_finished);
    EXPECT_TRUE(one<CloseUpstream>());
}

TEST_F(FlowWebSocket, NorDoesTheCloseOfANewPolicy)
{
    start(WhenUnruled::Deny, kSockets);
    opens("/talk");
    replies(upstream, std::string("\x81\x04he", 4));
    core->swap_policy(compiled("version: 1\n"), at);
    EXPECT_FALSE(side(flow).is_finished);
    later(kFrameTimeout);
    EXPECT_TRUE(side(flow).is_finished);
}

TEST_F(FlowWebSocket, NorDoesTheCloseAfterAFaultOfTheAgents)
{
    start(WhenUnruled::Deny, kSockets);
    opens("/talk");
    replies(upstream, std::string("\x81\x04he", 4));
    says(flow, std::string_view("\x81\x02hi", 4));
    later(kFrameTimeout - 1s);
    replies(upstream, "y"); // one byte of the frame every half a minute is not its end
    EXPECT_FALSE(side(flow).is_finished);
    later(1s);
    EXPECT_TRUE(side(flow).is_finished);
    EXPECT_TRUE(one<CloseUpstream>());
    auto const line = journalled("bad_request");
    ASSERT_TRUE(line);
    EXPECT_EQ(line->reason, "a frame of the client is not masked");
}

TEST_F(FlowWebSocket, AServerThatNeverAnswersTheAgentsCloseIsLeft)
{
    start(WhenUnruled::Deny, kSockets);
    opens("/talk");
    says(flow, frame(proxy::Opcode::Close, "\x03\xe8"));
    later(kLinger - 1s);
    EXPECT_FALSE(side(flow).is_finished);
    later(1s);
    EXPECT_TRUE(side(flow).is_finished);
    EXPECT_TRUE(one<CloseUpstream>());
}

TEST_F(FlowWebSocket, AnOpenOneMayBeSilentForADay)
{
    start(WhenUnruled::Deny, kSockets);
    opens("/talk");
    later(24h);
    says(flow, frame(proxy::Opcode::Text, "hi"));
    EXPECT_EQ(upstream_text(upstream), frame(proxy::Opcode::Text, "hi"));
}

} // namespace
} // namespace osh::netproxy::core::test
