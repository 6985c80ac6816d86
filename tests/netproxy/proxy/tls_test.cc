// TLS over memory: our client against our server, and against servers that misbehave.
#include "netproxy/proxy/tls.h"
#include "netproxy/proxy/tls_authority.h"
#include "netproxy/proxy/tls_engine.h"

#include <gtest/gtest.h>

#include <string>

namespace osh::netproxy::proxy
{
namespace
{

constexpr WallTime kNow{1'795'000'000'000}; // 2026-11-18
constexpr std::int64_t kHour = 3'600'000;

WallTime after_hours(std::int64_t hours)
{
    return {kNow.milliseconds + hours * kHour};
}

// Moves bytes until nothing moves; returns how many bytes the second sent.
std::size_t exchange(TlsSession& first, TlsSession& second)
{
    std::size_t from_second = 0;
    for (bool moved = true; moved;) {
        moved = false;
        auto pass = [&moved](TlsSession& from, TlsSession& to) {
            auto const taken = to.receive(from.output());
            from.consume_output(taken);
            moved = moved || taken > 0;
            return taken;
        };
        pass(first, second);
        from_second += pass(second, first);
    }
    return from_second;
}

std::string read_all(TlsSession& session)
{
    std::string text;
    std::vector<std::byte> buffer(20000);
    while (auto const count = session.read(buffer))
        text.append(text_of(Bytes(buffer).first(count)));
    return text;
}

struct Pair {
    std::unique_ptr<AgentTls> agent;
    std::unique_ptr<UpstreamTls> upstream;
};

Pair make_pair_of_sides()
{
    Pair sides;
    auto agent = AgentTls::create("test", kNow);
    EXPECT_TRUE(agent.ok());
    sides.agent = *std::move(agent);
    auto upstream = UpstreamTls::create(sides.agent->ca_pem());
    EXPECT_TRUE(upstream.ok());
    sides.upstream = *std::move(upstream);
    return sides;
}

std::unique_ptr<TlsSession> accept(Pair& sides, std::string_view name)
{
    auto session = sides.agent->accept(name, kNow, HttpVersions::Only1);
    EXPECT_TRUE(session.ok());
    return *std::move(session);
}

std::unique_ptr<TlsSession> connect(Pair& sides, std::string_view name, WallTime now = kNow)
{
    auto session = sides.upstream->connect({name, 443}, now);
    EXPECT_TRUE(session.ok());
    return *std::move(session);
}

TEST(Tls, CarriesBytesBothWaysAndClosesCleanly)
{
    auto sides = make_pair_of_sides();
    auto server = accept(sides, "api.example.com");
    auto client = connect(sides, "API.example.com");
    exchange(*client, *server);
    ASSERT_EQ(client->state(), TlsState::Open) << client->failure();
    ASSERT_EQ(server->state(), TlsState::Open) << server->failure();
    EXPECT_EQ(client->alpn(), "http/1.1");
    EXPECT_EQ(server->alpn(), "http/1.1");
    EXPECT_EQ(client->write(bytes_of("question")), 8u);
    exchange(*client, *server);
    EXPECT_EQ(read_all(*server), "question");
    EXPECT_EQ(server->write(bytes_of("answer")), 6u);
    server->close();
    exchange(*client, *server);
    EXPECT_EQ(read_all(*client), "answer");
    EXPECT_EQ(client->state(), TlsState::Closed);
}

TEST(Tls, StopsTakingPlaintextWhenNobodyReadsTheCiphertext)
{
    auto sides = make_pair_of_sides();
    auto server = accept(sides, "a.test");
    auto client = connect(sides, "a.test");
    exchange(*client, *server);
    std::string const much(1 << 20, 'x');
    auto const taken = client->write(bytes_of(much));
    EXPECT_GT(taken, 32u * 1024);
    EXPECT_LT(client->output().size(), 2 * kTlsBuffered);
    EXPECT_EQ(client->write(bytes_of(much)), 0u);
    std::size_t received = 0;
    for (int round = 0; round < 10; ++round) {
        exchange(*client, *server);
        received += read_all(*server).size();
    }
    EXPECT_EQ(received, taken);
}

TEST(Tls, RefusesAnotherNameInTheHandshake)
{
    auto sides = make_pair_of_sides();
    auto server = accept(sides, "allowed.test");
    auto client = connect(sides, "other-tenant.test");
    exchange(*client, *server);
    EXPECT_EQ(server->state(), TlsState::Failed);
    EXPECT_EQ(server->failure(), "the TLS handshake names another host than the connection");
    EXPECT_EQ(client->state(), TlsState::Failed);
    EXPECT_EQ(client->failure(), "the other side sent the TLS alert unrecognized_name");
}

TEST(Tls, AddressesAreVerifiedWithoutServerName)
{
    for (auto const* name : {"192.0.2.7", "2001:db8::7"}) {
        auto sides = make_pair_of_sides();
        auto server = accept(sides, name);
        auto client = connect(sides, name);
        exchange(*client, *server);
        EXPECT_EQ(client->state(), TlsState::Open) << name << client->failure();
        auto wrong = accept(sides, "192.0.2.8");
        auto second = connect(sides, name);
        exchange(*second, *wrong);
        if (wrong->state() == TlsState::Open)
            continue; // resumed: the same authority and name as before
        EXPECT_EQ(second->failure(), std::string("the certificate of ") + name
                                         + " is for another host: it names no DNS name");
    }
}

TEST(Tls, SaysWhenTheCertificateHasExpired)
{
    auto sides = make_pair_of_sides();
    auto server = accept(sides, "a.test");
    auto client = connect(sides, "a.test", after_hours(13));
    exchange(*client, *server);
    EXPECT_EQ(client->failure(), "the certificate of a.test expired on 2026-11-18");
}

TEST(Tls, SaysWhenTheCertificateIsNotValidYet)
{
    auto sides = make_pair_of_sides();
    auto server = accept(sides, "a.test");
    auto client = connect(sides, "a.test", after_hours(-1));
    exchange(*client, *server);
    EXPECT_EQ(client->failure(),
        "the certificate of a.test is not valid yet (is this machine's clock right?)");
}

TEST(Tls, SaysWhenTheAuthorityIsUnknown)
{
    auto sides = make_pair_of_sides();
    auto strangers = make_pair_of_sides();
    auto server = accept(strangers, "a.test");
    auto client = connect(sides, "a.test");
    exchange(*client, *server);
    EXPECT_EQ(client->failure(),
        "the certificate of a.test is signed by an authority that this host does not trust");
}

// A server that shows the leaf it was given, whatever name was asked for.
class CarelessServer final : public MemoryTls
{
public:
    CarelessServer(std::string_view leaf_name, mbedtls_ssl_protocol_version newest)
    {
        EXPECT_TRUE(settings_.set_up(MBEDTLS_SSL_IS_SERVER, HttpVersions::Only1).ok());
        auto authority = CertificateAuthority::create("careless", kNow, settings_.random());
        authority_ = *std::move(authority);
        auto leaf = authority_->leaf(leaf_name, kNow);
        mbedtls_ssl_conf_own_cert(
            settings_.get(), leaf->certificate->get(), authority_->leaf_key().get());
        mbedtls_ssl_conf_max_tls_version(settings_.get(), newest);
        EXPECT_TRUE(set_up(*this, *settings_.get()).ok());
    }
    std::string const& ca_pem() const { return authority_->ca_pem(); }

private:
    TlsSettings settings_;
    std::unique_ptr<CertificateAuthority> authority_;
};

std::string outcome(std::string_view leaf_name, std::string_view asked)
{
    CarelessServer server(leaf_name, MBEDTLS_SSL_VERSION_TLS1_2);
    auto upstream = UpstreamTls::create(server.ca_pem());
    auto client = (*upstream)->connect({asked, 443}, kNow);
    exchange(**client, server);
    return (*client)->state() == TlsState::Open ? "open" : (*client)->failure();
}

TEST(Tls, ChecksTheNameInTls12Too)
{
    EXPECT_EQ(outcome("a.test", "a.test"), "open");
    EXPECT_EQ(outcome("a.test", "b.test"),
        "the certificate of b.test is for another host: it names \"a.test\"");
    EXPECT_EQ(outcome("a.test", "a.test.b.test"),
        "the certificate of a.test.b.test is for another host: it names \"a.test\"");
}

TEST(Tls, ResumesTheUpstreamSessionWithoutCertificates)
{
    auto sides = make_pair_of_sides();
    auto const run = [&sides] {
        auto server = accept(sides, "a.test");
        auto client = connect(sides, "a.test");
        auto const sent = exchange(*client, *server);
        EXPECT_EQ(client->state(), TlsState::Open) << client->failure();
        read_all(*client); // takes the ticket
        return sent;
    };
    auto const full = run();
    auto const resumed = run();
    EXPECT_LT(resumed + 400, full);
}

TEST(Tls, ASessionOfManyDaysStillHasGoodCertificates)
{
    auto sides = make_pair_of_sides();
    for (int const hours : {30, 24 * 40}) {
        auto server = sides.agent->accept("a.test", after_hours(hours), HttpVersions::Only1);
        ASSERT_TRUE(server.ok());
        auto client = connect(sides, "a.test", after_hours(hours));
        exchange(*client, **server);
        EXPECT_EQ(client->state(), TlsState::Open) << client->failure();
    }
}

TEST(Tls, AnUncleanEndIsAFailure)
{
    auto sides = make_pair_of_sides();
    auto server = accept(sides, "a.test");
    auto client = connect(sides, "a.test");
    exchange(*client, *server);
    server->transport_ended();
    read_all(*server);
    EXPECT_EQ(server->state(), TlsState::Failed);
    EXPECT_EQ(server->failure(), "the connection ended without TLS close_notify");
    EXPECT_TRUE(server->was_open()) << "which is no refusal of the certificate";
}

TEST(Tls, SaysWhenTheOtherSideLeavesDuringTheHandshake)
{
    auto sides = make_pair_of_sides();
    auto client = connect(sides, "a.test");
    client->transport_ended();
    EXPECT_EQ(client->state(), TlsState::Failed);
    EXPECT_EQ(client->failure(), "the other side closed the connection during the TLS handshake");
}

TEST(Tls, PlainTextIsNotTls)
{
    auto sides = make_pair_of_sides();
    auto server = accept(sides, "a.test");
    server->receive(bytes_of("GET / HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    EXPECT_EQ(server->state(), TlsState::Failed);
}

TEST(Tls, AClientCertificateThatCannotBeUsedFailsTheConnection)
{
    auto sides = make_pair_of_sides();
    sides.upstream->show({"A.test", 443}, "corp", sides.agent->ca_pem()); // no key
    sides.upstream->show({"b.test", 443}, "none", "");
    auto session = sides.upstream->connect({"a.test", 443}, kNow);
    ASSERT_FALSE(session.ok());
    EXPECT_EQ(session.error().sentence,
        "the client certificate of credential \"corp\" cannot be used: it holds no private key in "
        "PEM, or one with a password");
    EXPECT_FALSE(sides.upstream->connect({"b.test", 443}, kNow).ok());
    EXPECT_TRUE(sides.upstream->connect({"a.test", 8443}, kNow).ok());
}

TEST(Tls, AnEmptyTrustStoreIsAnError)
{
    auto upstream = UpstreamTls::create("no certificates here");
    ASSERT_TRUE(upstream.ok());
    auto session = (*upstream)->connect({"a.test", 443}, kNow);
    ASSERT_FALSE(session.ok());
    EXPECT_EQ(
        session.error().sentence, "the host's trust store holds no certificate that can be read");
}

TEST(CertificateAuthority, CachesLeavesUpToItsBound)
{
    TlsSettings settings;
    ASSERT_TRUE(settings.set_up(MBEDTLS_SSL_IS_SERVER, HttpVersions::Only1).ok());
    auto authority = CertificateAuthority::create("s", kNow, settings.random());
    ASSERT_TRUE(authority.ok());
    auto first = (*authority)->leaf("a.test", kNow);
    auto again = (*authority)->leaf("a.test", kNow);
    EXPECT_EQ(first->certificate, again->certificate);
    auto renewed = (*authority)->leaf("a.test", after_hours(12));
    EXPECT_NE(first->certificate, renewed->certificate);
    for (std::size_t i = 0; i < kMaxLeaves + 10; ++i)
        ASSERT_TRUE((*authority)->leaf("h" + std::to_string(i) + ".test", kNow).ok());
    EXPECT_EQ((*authority)->leaf_count(), kMaxLeaves);
    EXPECT_FALSE((*authority)->leaf("bad name", kNow).ok());
    EXPECT_FALSE((*authority)->leaf("a,CN=evil", kNow).ok());
}

} // namespace
} // namespace osh::netproxy::proxy
