// WebSockets over streams of HTTP/2: how each end of one looks on the other side (RFC 8441 section
// 5), slow readers, and servers of HTTP/2.
#include "tests/netproxy/proxy/socket_playbook.h"

namespace osh::netproxy::proxy
{
namespace
{

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

TEST_F(SocketOverHttp2, WhatTheAgentSaysAfterTheServersEndIsTaken)
{
    auto const much = frame(Opcode::Text, "waits") + std::string(200 * 1024, 'x');
    auto const id = opens(true);
    says(id, much, Ends::Yes);
    EXPECT_GT(reply(id).to_send.size(), 100u * 1024) << "its window is used up";
    exchange->upstream_ended(true);
    moves();
    EXPECT_EQ(reply(id).to_send.size(), 0u);
    EXPECT_TRUE(reply(id).is_closed);
    EXPECT_TRUE(exchange->is_finished());
}

TEST_F(SocketOverHttp2, AndAfterACloseOfOurs)
{
    auto const much = frame(Opcode::Text, "waits") + std::string(200 * 1024, 'x');
    auto const id = opens(true);
    says(id, much, Ends::Yes);
    EXPECT_TRUE(exchange->close_tunnel(CloseCode::Policy, "no"));
    moves();
    EXPECT_EQ(reply(id).to_send.size(), 0u);

    arrived.clear();
    auto const second = opens_on_http2();
    says(second, much, Ends::Yes);
    far.says(1, "", Ends::Yes);
    moves();
    EXPECT_EQ(reply(second).to_send.size(), 0u);
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

TEST_F(SocketOverHttp2, WhatCameBeforeAResetIsDelivered)
{
    auto const id = opens_on_http2();
    far.says(1, "bye");
    auto both = far.output();
    far.session->reset(1, Http2Error::Internal);
    both += far.output();
    EXPECT_EQ(upstream->receive(bytes_of(both)), both.size());
    moves();
    EXPECT_EQ(reply(id).body, "bye");
    EXPECT_EQ(reply(id).error, Http2Error::Internal);
    EXPECT_TRUE(exchange->was_cut());
}

TEST_F(SocketOverHttp2, AResetIsOneAlsoAfterTheAgentsClose)
{
    auto const id = opens_on_http2();
    says(id, frame(Opcode::Close, "\x03\xe8"));
    far.session->reset(1, Http2Error::Internal);
    moves();
    EXPECT_EQ(reply(id).error, Http2Error::Internal);
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
