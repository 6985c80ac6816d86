// TLS on the caller's own buffers: ciphertext that is lent for a call, records that go straight to
// the transport.
#include "netproxy/proxy/tls.h"

#include <gtest/gtest.h>

#include <string>

namespace osh::netproxy::proxy
{
namespace
{

constexpr WallTime kNow{1'795'000'000'000}; // 2026-11-18

// A transport that takes up to a bound.
struct Wire final : ByteSink {
    explicit Wire(std::string& into, std::size_t bound) : text(into), most(bound) {}
    std::size_t write(Bytes bytes) override
    {
        auto const count = std::min(bytes.size(), most - text.size());
        text += text_of(bytes.first(count));
        return count;
    }
    std::string& text;
    std::size_t most;
};

class TlsLent : public ::testing::Test
{
protected:
    void SetUp() override
    {
        agent = *AgentTls::create("test", kNow);
        upstream = *UpstreamTls::create(agent->ca_pem());
        server = *agent->accept("a.test", kNow, HttpVersions::Only1);
        client = *upstream->connect({"a.test", 443}, kNow);
        for (bool moved = true; moved;)
            moved = passes(*client, *server) + passes(*server, *client) > 0;
        ASSERT_EQ(server->state(), TlsState::Open) << server->failure();
        ASSERT_EQ(client->state(), TlsState::Open) << client->failure();
    }
    std::size_t passes(TlsSession& from, TlsSession& to)
    {
        auto const taken = to.decrypt(from.output(), room).taken;
        from.consume_output(taken);
        return taken;
    }
    std::string ciphertext_of(std::size_t plain)
    {
        EXPECT_EQ(server->write(bytes_of(std::string(plain, 'p'))), plain);
        std::string text(text_of(server->output()));
        server->consume_output(text.size());
        return text;
    }

    std::unique_ptr<AgentTls> agent;
    std::unique_ptr<UpstreamTls> upstream;
    std::unique_ptr<TlsSession> server, client;
    std::vector<std::byte> room = std::vector<std::byte>(2 * kTlsRecord);
};

TEST_F(TlsLent, TakesNoMoreThanItHasRoomFor)
{
    auto const text = ciphertext_of(3 * kTlsRecord);
    auto const first = client->decrypt(bytes_of(text), room);
    EXPECT_GT(first.given, kTlsRecord); // the library's records are a little smaller
    EXPECT_LE(first.given, 2 * kTlsRecord);
    EXPECT_LT(first.taken, text.size() - kTlsRecord);
    auto const rest = client->decrypt(bytes_of(text).subspan(first.taken), room);
    EXPECT_EQ(first.given + rest.given, 3 * kTlsRecord);
    EXPECT_EQ(first.taken + rest.taken, text.size());
}

TEST_F(TlsLent, WithoutRoomForARecordNothingIsRead)
{
    auto const text = ciphertext_of(10);
    auto const none = client->decrypt(bytes_of(text), MutableBytes(room).first(kTlsRecord - 1));
    EXPECT_EQ(none.taken, 0u);
    EXPECT_EQ(none.given, 0u);
}

TEST_F(TlsLent, ARecordMayComeByteForByte)
{
    auto const text = ciphertext_of(100);
    std::size_t given = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const moved = client->decrypt(bytes_of(text).subspan(i, 1), room);
        EXPECT_EQ(moved.taken, 1u);
        given += moved.given;
    }
    EXPECT_EQ(given, 100u);
    EXPECT_EQ(text_of(Bytes(room).first(100)), std::string(100, 'p'));
}

TEST_F(TlsLent, WhatWasKeptBeforeComesFirst)
{
    auto const first = ciphertext_of(5), second = ciphertext_of(7);
    EXPECT_EQ(client->receive(bytes_of(first)), first.size());
    auto const moved = client->decrypt(bytes_of(second), room);
    EXPECT_EQ(moved.taken, second.size());
    EXPECT_EQ(moved.given, 12u);
}

TEST_F(TlsLent, AForgedRecordFailsAndTheRestIsDropped)
{
    auto text = ciphertext_of(2 * kTlsRecord);
    text[100] ^= 1;
    auto const moved = client->decrypt(bytes_of(text), room);
    EXPECT_EQ(moved.given, 0u);
    EXPECT_EQ(moved.taken, text.size());
    EXPECT_EQ(client->state(), TlsState::Failed);
}

TEST_F(TlsLent, RecordsGoToTheTransportWhileItTakesThem)
{
    std::string wire;
    constexpr std::size_t kMost = 40'000;
    server->send_to(std::make_unique<Wire>(wire, kMost));
    auto const much = std::string(200'000, 'x');
    auto const taken = server->write(bytes_of(much));
    EXPECT_GT(taken, 2 * kTlsRecord); // the third does not fit whole: its end waits
    EXPECT_EQ(wire.size(), kMost);
    EXPECT_LT(server->output().size(), kTlsRecord);
    EXPECT_EQ(server->write(bytes_of(much)), 0u); // nothing overtakes what waits
    wire += text_of(server->output());
    server->consume_output(server->output().size());
    std::size_t given = 0;
    for (Bytes left = bytes_of(wire); !left.empty();) {
        auto const moved = client->decrypt(left, room);
        given += moved.given;
        left = left.subspan(moved.taken);
    }
    EXPECT_EQ(given, taken);
}

} // namespace
} // namespace osh::netproxy::proxy
