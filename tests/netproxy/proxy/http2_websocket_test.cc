// WebSockets over streams of HTTP/2 (RFC 8441): what becomes one and what does not, and its bytes.
#include "tests/netproxy/proxy/socket_playbook.h"

namespace osh::netproxy::proxy
{
namespace
{

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

} // namespace
} // namespace osh::netproxy::proxy
