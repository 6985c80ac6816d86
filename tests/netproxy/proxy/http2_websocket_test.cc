// WebSockets over streams of HTTP/2 (RFC 8441): what becomes one and what does not, its bytes, and
// how each end of it looks on the other side; towards servers of HTTP/1.1 and of HTTP/2.
#include "netproxy/proxy/http2_server.h"
#include "netproxy/proxy/http2_upstream.h"

#include "tests/netproxy/proxy/http1_playbook.h"
#include "tests/netproxy/proxy/http2_playbook.h"

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::string_view kKey = "dGhlIHNhbXBsZSBub25jZQ==";
constexpr std::string_view kAccepted = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
                                       "Connection: Upgrade\r\nX-From: h1\r\n"
                                       "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";
constexpr MaskKey kMask{1, 2, 3, 4};

std::string frame(Opcode opcode, std::string_view text)
{
    std::string out;
    append_frame(out, opcode, text, &kMask);
    return out;
}

std::vector<HttpField> handshake(std::string protocol = "websocket", std::string path = "/talk")
{
    return {{":method", "CONNECT"}, {":protocol", std::move(protocol)}, {":scheme", "http"},
        {":authority", "a.test"}, {":path", std::move(path)}, {"sec-websocket-version", "13"}};
}

class SocketOverHttp2 : public ::testing::Test
{
protected:
    StreamId asks(std::vector<HttpField> const& block, Ends ends = Ends::No)
    {
        moves();
        auto const id = client.session->request(block, ends);
        client.replies[id];
        moves();
        return id;
    }
    // Whatever waits is allowed; where its messages go is the test's.
    void forwards(bool reads_messages = false, std::vector<std::string> secrets = {})
    {
        exchange = std::move(arrived.at(0));
        ASSERT_NE(exchange->waiting(), nullptr) << exchange->refusal();
        auto plan = plan_for(*exchange->waiting());
        plan.fields.push_back({"Sec-WebSocket-Key", std::string(kKey)});
        plan.reads_messages = reads_messages;
        plan.scrub_with = std::vector<std::string>(secrets.size(), "[redacted]");
        plan.scrub = std::move(secrets);
        exchange->forward(std::move(plan));
    }
    std::string sent()
    {
        std::string text(text_of(exchange->to_upstream()));
        exchange->consume_to_upstream(text.size());
        return text;
    }
    // An open WebSocket towards a server of HTTP/1.1.
    StreamId opens(bool reads_messages = false, std::vector<std::string> secrets = {})
    {
        auto const id = asks(handshake());
        forwards(reads_messages, std::move(secrets));
        exchange->start_http1();
        head = sent();
        hears(kAccepted);
        return id;
    }
    // The same towards one of HTTP/2.
    StreamId opens_on_http2()
    {
        auto const id = asks(handshake());
        upstream = std::make_unique<Http2Upstream>();
        moves();
        forwards(true);
        EXPECT_TRUE(upstream->start(*exchange).ok());
        moves();
        far.session->answer(1, {{":status", "200"}}, Ends::No);
        moves();
        return id;
    }
    void hears(std::string_view text)
    {
        EXPECT_EQ(exchange->upstream_bytes(bytes_of(text)), text.size());
        moves();
    }
    void says(StreamId id, std::string_view text, Ends ends = Ends::No)
    {
        client.says(id, text, ends);
        moves();
    }
    void passes(std::string_view text)
    {
        ASSERT_NE(exchange->message(), nullptr);
        EXPECT_EQ(exchange->message()->text, text);
        exchange->pass_message(std::nullopt);
        moves();
    }
    void moves()
    {
        for (int round = 0; round < 10; ++round) {
            auto const in = client.output();
            for (auto bytes = bytes_of(in); !bytes.empty();) {
                bytes = bytes.subspan(server.agent_bytes(bytes));
                takes_output();
            }
            takes_output();
            for (auto& one : server.take_arrived())
                arrived.push_back(std::move(one));
            if (upstream)
                moves_upstream();
        }
    }
    void takes_output()
    {
        for (auto out = server.to_agent(); !out.empty(); out = server.to_agent()) {
            client.hears(text_of(out));
            server.consume_to_agent(out.size());
        }
    }
    void moves_upstream()
    {
        for (auto out = upstream->output(); !out.empty(); out = upstream->output()) {
            far.hears(text_of(out));
            upstream->consume_output(out.size());
        }
        auto const back = far.output();
        for (auto bytes = bytes_of(back); !bytes.empty();)
            bytes = bytes.subspan(upstream->receive(bytes));
    }
    Reply& reply(StreamId id) { return client.replies[id]; }

    TestPeer client;
    Http2Server server{HttpScheme::Http};
    std::vector<std::unique_ptr<StreamExchange>> arrived;
    std::unique_ptr<Http2Upstream> upstream;
    std::unique_ptr<StreamExchange> exchange;
    TestPeer far{Http2Role::Server};
    std::string head;
};

TEST_F(SocketOverHttp2, IsAnnounced)
{
    moves();
    EXPECT_EQ(client.session->takes_sockets(), TakesSockets::Yes);
}

TEST_F(SocketOverHttp2, IsJudgedAsAGet)
{
    asks(handshake("websocket", "/talk?a=b"));
    auto const* const waiting = arrived.at(0)->waiting();
    ASSERT_NE(waiting, nullptr);
    EXPECT_EQ(waiting->method, "GET");
    EXPECT_EQ(waiting->path, "/talk");
    EXPECT_EQ(waiting->query, "a=b");
    EXPECT_EQ(waiting->authority, "a.test");
    EXPECT_TRUE(waiting->wants_websocket);
    EXPECT_FALSE(waiting->has_body);
    arrived.at(0)->want_body(10);
    EXPECT_EQ(arrived.at(0)->body(), "") << "what follows are messages";
}

TEST_F(SocketOverHttp2, AnyOtherConnectIsRefusedInWords)
{
    auto const other = asks(handshake("webtransport"));
    EXPECT_EQ(reply(other).status(), "501");
    EXPECT_NE(reply(other).body.find("another :protocol than websocket"), std::string::npos);
    auto const capital = asks(handshake("WebSocket"));
    EXPECT_EQ(reply(capital).status(), "501") << "one spelling, as the registry has it";
    auto const plain = asks({{":method", "CONNECT"}, {":authority", "a.test:443"}});
    EXPECT_EQ(reply(plain).status(), "501");
    for (auto const& one : arrived)
        EXPECT_EQ(one->waiting(), nullptr);
}

TEST_F(SocketOverHttp2, AHandshakeWithABodyOrAnEndIsRefused)
{
    auto const over = asks(handshake(), Ends::Yes);
    EXPECT_EQ(reply(over).status(), "400");
    auto sized = handshake();
    sized.push_back({"content-length", "3"});
    EXPECT_EQ(reply(asks(sized)).status(), "400");
}

TEST_F(SocketOverHttp2, AProtocolWithoutConnectOrAConnectWithoutAPathIsNone)
{
    auto get = handshake();
    get[0].value = "GET";
    EXPECT_NE(reply(asks(get)).status(), "200");
    auto short_of_path = handshake();
    std::erase_if(short_of_path, [](auto const& field) { return field.name == ":path"; });
    asks(short_of_path);
    for (auto const& one : arrived)
        EXPECT_EQ(one->waiting(), nullptr);
}

TEST_F(SocketOverHttp2, BecomesAnUpgradeForAServerOfHttp1)
{
    auto const id = opens();
    EXPECT_TRUE(head.starts_with("GET /talk HTTP/1.1\r\nHost: a.test\r\n")) << head;
    EXPECT_NE(head.find("Connection: Upgrade\r\nUpgrade: websocket\r\n"), std::string::npos);
    EXPECT_NE(head.find("Sec-WebSocket-Key: " + std::string(kKey) + "\r\n"), std::string::npos);
    EXPECT_EQ(head.find("Transfer-Encoding"), std::string::npos);
    EXPECT_EQ(reply(id).status(), "200");
    EXPECT_EQ(reply(id).field("x-from"), "h1");
    EXPECT_EQ(reply(id).field("sec-websocket-accept"), "") << "RFC 8441 section 5";
}

TEST_F(SocketOverHttp2, NothingIsSentBeforeTheServerAgreed)
{
    auto const id = asks(handshake());
    says(id, "early");
    forwards();
    exchange->start_http1();
    EXPECT_EQ(sent().find("early"), std::string::npos);
    hears(kAccepted);
    EXPECT_EQ(sent(), "early");
}

TEST_F(SocketOverHttp2, BytesGoBothWaysUnread)
{
    auto const id = opens();
    says(id, "any bytes");
    EXPECT_EQ(sent(), "any bytes");
    hears("and back");
    EXPECT_EQ(reply(id).body, "and back");
    EXPECT_FALSE(reply(id).is_complete);
}

TEST_F(SocketOverHttp2, EachMessageWaits)
{
    auto const id = opens(true);
    says(id, frame(Opcode::Text, "one") + frame(Opcode::Text, "two"));
    EXPECT_EQ(sent(), "");
    passes("one");
    EXPECT_EQ(sent(), frame(Opcode::Text, "one"));
    passes("two");
    EXPECT_EQ(sent(), frame(Opcode::Text, "two"));
}

TEST_F(SocketOverHttp2, ASecretInTheAnswersIsBlanked)
{
    auto const id = opens(true, {"s3cret"});
    hears(std::string("\x81\x06s3", 4));
    hears("cret");
    EXPECT_EQ(reply(id).body.find("s3cret"), std::string::npos);
    EXPECT_NE(reply(id).body.find("[redacted]"), std::string::npos);
}

TEST_F(SocketOverHttp2, ARefusedMessageClosesBothWays)
{
    auto const id = opens(true);
    says(id, frame(Opcode::Text, "bad"));
    EXPECT_TRUE(exchange->close_tunnel(CloseCode::Policy, "no"));
    moves();
    EXPECT_EQ(sent(), frame(Opcode::Close, "\x03\xf0"));
    EXPECT_EQ(reply(id).body, "\x88\x04\x03\xf0no");
    EXPECT_TRUE(reply(id).is_complete) << "END_STREAM";
    EXPECT_FALSE(exchange->needs_upstream());
}

TEST_F(SocketOverHttp2, AnUnmaskedFrameIsAFault)
{
    auto const id = opens(true);
    says(id, std::string_view("\x81\x02hi", 4));
    EXPECT_TRUE(reply(id).body.find("\x03\xea") != std::string::npos);
    EXPECT_TRUE(reply(id).is_complete);
    EXPECT_FALSE(exchange->refusal().empty());
}

TEST_F(SocketOverHttp2, AnAnswerThatIsNoSwitchOpensNothing)
{
    auto const id = asks(handshake());
    forwards();
    exchange->start_http1();
    sent();
    exchange->upstream_bytes(bytes_of("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    moves();
    EXPECT_EQ(reply(id).status(), "502") << "a 200 would say that it is open";
    EXPECT_NE(reply(id).body.find("answered the WebSocket handshake with 200"), std::string::npos);
}

TEST_F(SocketOverHttp2, ARefusalOfTheServerComesThrough)
{
    auto const id = asks(handshake());
    forwards();
    exchange->start_http1();
    sent();
    hears("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno");
    EXPECT_EQ(reply(id).status(), "403");
    EXPECT_EQ(reply(id).body, "no");
    EXPECT_TRUE(reply(id).is_complete);
}

TEST_F(SocketOverHttp2, AWrongAcceptIsA502)
{
    auto const id = asks(handshake());
    forwards();
    exchange->start_http1();
    sent();
    auto wrong = std::string(kAccepted);
    wrong.replace(wrong.find("s3p"), 3, "xxx");
    exchange->upstream_bytes(bytes_of(wrong));
    moves();
    EXPECT_EQ(reply(id).status(), "502");
}

TEST_F(SocketOverHttp2, TheAgentsEndIsAHalfClose)
{
    auto const id = opens();
    EXPECT_FALSE(exchange->has_finished_sending());
    says(id, "last", Ends::Yes);
    EXPECT_FALSE(exchange->has_finished_sending()) << "not all of it is out";
    EXPECT_EQ(sent(), "last");
    EXPECT_TRUE(exchange->has_finished_sending());
    EXPECT_TRUE(exchange->needs_upstream());
    hears("answer");
    EXPECT_EQ(reply(id).body, "answer");
    exchange->upstream_ended(true);
    moves();
    EXPECT_TRUE(reply(id).is_closed);
    EXPECT_EQ(reply(id).error, Http2Error::NoError);
    EXPECT_FALSE(exchange->was_cut());
}

TEST_F(SocketOverHttp2, AMessageThatWaitsGoesBeforeTheEnd)
{
    auto const id = opens(true);
    says(id, frame(Opcode::Text, "one"), Ends::Yes);
    EXPECT_FALSE(exchange->has_finished_sending());
    passes("one");
    EXPECT_EQ(sent(), frame(Opcode::Text, "one"));
    EXPECT_TRUE(exchange->has_finished_sending());
}

TEST_F(SocketOverHttp2, TheServersEndIsAnEndAndItsResetAReset)
{
    auto const id = opens();
    hears("bye");
    exchange->upstream_ended(true);
    moves();
    EXPECT_EQ(reply(id).body, "bye");
    EXPECT_TRUE(reply(id).is_complete);

    arrived.clear();
    auto const second = opens();
    exchange->upstream_bytes(bytes_of("last words"));
    exchange->upstream_ended(false);
    moves();
    EXPECT_EQ(reply(second).body, "last words");
    EXPECT_EQ(reply(second).error, Http2Error::Cancel) << "RFC 8441 section 5";
}

TEST_F(SocketOverHttp2, AServerMayHangUpOnceCloseWasSaid)
{
    auto const id = opens(true);
    says(id, frame(Opcode::Close, "\x03\xe8"));
    hears("\x88\x02\x03\xe8");
    exchange->upstream_ended(false); // as many do, without close_notify
    moves();
    EXPECT_TRUE(reply(id).is_complete);
    EXPECT_FALSE(exchange->was_cut());
}

TEST_F(SocketOverHttp2, TheAgentsResetIsAReset)
{
    auto const id = opens();
    client.session->reset(id, Http2Error::Cancel);
    moves();
    EXPECT_TRUE(exchange->is_finished());
    EXPECT_TRUE(exchange->was_cut());
}

TEST_F(SocketOverHttp2, AFieldBlockWithinItIsAFault)
{
    auto const id = opens();
    client.trailing[id] = {{"x-late", "1"}};
    says(id, "", Ends::Yes);
    EXPECT_EQ(reply(id).error, Http2Error::Protocol) << "RFC 9113 section 8.5";
}

TEST_F(SocketOverHttp2, ASlowServerStopsTheAgent)
{
    auto const id = opens();
    says(id, std::string(4 << 20, 'x'));
    EXPECT_LT(exchange->held(), 512u * 1024);
    EXPECT_GT(reply(id).to_send.size(), 3u << 20) << "its window is used up";
    std::size_t taken = 0;
    for (int round = 0; round < 200; ++round) {
        taken += sent().size();
        moves();
    }
    EXPECT_EQ(taken, 4u << 20);
}

TEST_F(SocketOverHttp2, ASlowAgentStopsTheServer)
{
    client.reads = false;
    opens();
    std::string const much(4 << 20, 'x');
    std::size_t taken = 0;
    for (int round = 0; round < 50; ++round) {
        taken += exchange->upstream_bytes(bytes_of(much).subspan(taken));
        moves();
    }
    EXPECT_LT(taken, 512u * 1024);
    EXPECT_LT(exchange->held(), 512u * 1024);
}

TEST_F(SocketOverHttp2, TravelsAsItselfWhereTheServerTakesIt)
{
    auto const id = opens_on_http2();
    auto& asked = far.replies[1];
    EXPECT_EQ(asked.field(":method"), "CONNECT");
    EXPECT_EQ(asked.field(":protocol"), "websocket");
    EXPECT_EQ(asked.field(":path"), "/talk");
    EXPECT_EQ(asked.field(":authority"), "a.test");
    EXPECT_EQ(asked.field("sec-websocket-version"), "13");
    EXPECT_EQ(asked.field("sec-websocket-key"), "");
    EXPECT_EQ(reply(id).status(), "200");
    says(id, frame(Opcode::Text, "hi"));
    EXPECT_EQ(asked.body, "");
    passes("hi");
    EXPECT_EQ(asked.body, frame(Opcode::Text, "hi"));
    far.says(1, "back");
    moves();
    EXPECT_EQ(reply(id).body, "back");
}

TEST_F(SocketOverHttp2, EndsOfStreamsStayEnds)
{
    auto const id = opens_on_http2();
    says(id, frame(Opcode::Ping, ""), Ends::Yes);
    EXPECT_EQ(far.replies[1].body, frame(Opcode::Ping, ""));
    EXPECT_TRUE(far.replies[1].is_complete);
    EXPECT_FALSE(far.replies[1].is_closed);
    far.says(1, "bye", Ends::Yes);
    moves();
    EXPECT_EQ(reply(id).body, "bye");
    EXPECT_TRUE(reply(id).is_closed);
    EXPECT_EQ(reply(id).error, Http2Error::NoError);
    EXPECT_EQ(far.replies[1].error, Http2Error::NoError);
}

TEST_F(SocketOverHttp2, TheServersEndEndsBothDirectionsOfItsStream)
{
    auto const id = opens_on_http2();
    far.says(1, "bye", Ends::Yes);
    moves();
    EXPECT_TRUE(reply(id).is_complete);
    EXPECT_TRUE(far.replies[1].is_complete);
    EXPECT_EQ(far.replies[1].error, Http2Error::NoError);
}

TEST_F(SocketOverHttp2, ResetsOfStreamsStayResets)
{
    auto const id = opens_on_http2();
    far.session->reset(1, Http2Error::Cancel);
    moves();
    EXPECT_EQ(reply(id).error, Http2Error::Cancel);

    arrived.clear();
    exchange.reset();
    far.replies.clear();
    auto const second = asks(handshake());
    forwards();
    ASSERT_TRUE(upstream->start(*exchange).ok());
    moves();
    far.session->answer(3, {{":status", "200"}}, Ends::No);
    moves();
    client.session->reset(second, Http2Error::Cancel);
    moves();
    EXPECT_EQ(far.replies[3].error, Http2Error::Cancel);
}

TEST_F(SocketOverHttp2, ACloseOfOursEndsTheServersStreamToo)
{
    auto const id = opens_on_http2();
    says(id, frame(Opcode::Text, "bad"));
    EXPECT_TRUE(exchange->close_tunnel(CloseCode::Policy, "no"));
    moves();
    EXPECT_EQ(far.replies[1].body, frame(Opcode::Close, "\x03\xf0"));
    EXPECT_TRUE(far.replies[1].is_complete);
    EXPECT_TRUE(reply(id).is_complete);
}

TEST_F(SocketOverHttp2, IsNotStartedWhereTheServerTakesNone)
{
    Http2Limits none;
    none.takes_sockets = false;
    asks(handshake());
    forwards();
    upstream = std::make_unique<Http2Upstream>();
    EXPECT_EQ(upstream->takes_sockets(), TakesSockets::Unknown);
    EXPECT_FALSE(upstream->start(*exchange).ok()) << "its SETTINGS did not come yet";
    TestPeer mute(Http2Role::Server, none);
    auto const settings = mute.output();
    upstream->receive(bytes_of(settings));
    EXPECT_EQ(upstream->takes_sockets(), TakesSockets::No);
    EXPECT_FALSE(upstream->start(*exchange).ok());
    EXPECT_TRUE(exchange->needs_start()) << "another way may do";
}

TEST_F(SocketOverHttp2, StandsBesideOrdinaryStreams)
{
    auto const id = opens(true);
    auto socket = std::move(exchange);
    arrived.clear();
    auto const get = client.asks("GET", "a.test", "/page");
    moves();
    arrived.at(0)->answer({200, "text/plain", {}, "page", "", false});
    moves();
    EXPECT_EQ(reply(get).body, "page");
    says(id, frame(Opcode::Text, "one"));
    ASSERT_NE(socket->message(), nullptr);
    EXPECT_FALSE(reply(id).is_complete);
}

} // namespace
} // namespace osh::netproxy::proxy
