// Judged against sent, from HTTP/2 to HTTP/1.1: random streams, many of them malformed, some with
// bytes that mean something to the other protocol. Whatever goes upstream is read again by a
// lenient server, which must see exactly the one request that was judged.
#include "tests/netproxy/proxy/http1_playbook.h"
#include "tests/netproxy/proxy/http2_frames.h"
#include "tests/netproxy/proxy/lenient_reader.h"

#include <gtest/gtest.h>

#include <random>

namespace osh::netproxy::proxy::frames
{
namespace
{

constexpr int kRequests = 100'000;

class Streams
{
public:
    explicit Streams(unsigned seed) : random_(seed) {}

    // The frames of stream 1, whole.
    std::string next()
    {
        std::vector<std::string> block{field(name(":method"), method()),
            field(name(":scheme"), rarely("https", "http")), field(name(":authority"), authority()),
            field(name(":path"), path())};
        if (pick(8) == 0) { // extended CONNECT
            block[0] = field(name(":method"), rarely("GET", "CONNECT"));
            block.push_back(field(":protocol", protocol()));
        }
        for (unsigned i = pick(4); i > 0; --i)
            block.push_back(other_field());
        if (pick(25) == 0)
            block.push_back(block[pick(block.size())]); // twice
        if (pick(25) == 0)
            std::swap(block[pick(block.size())], block[pick(block.size())]);
        if (pick(25) == 0)
            block.erase(block.begin() + static_cast<std::ptrdiff_t>(pick(block.size())));
        sent_.clear();
        for (auto const& one : block)
            sent_ += one;
        body = std::string(pick(3) == 0 ? 0 : pick(40), static_cast<char>('a' + pick(26)));
        return frames_of(sent_);
    }
    std::string body;

private:
    unsigned pick(std::size_t count)
    {
        return std::uniform_int_distribution<unsigned>(0, static_cast<unsigned>(count) - 1)(
            random_);
    }
    std::string one_of(std::vector<std::string> const& words) { return words[pick(words.size())]; }
    std::string rarely(std::string const& odd, std::string const& usual)
    {
        return pick(30) == 0 ? odd : usual;
    }
    std::string name(std::string const& usual)
    {
        return pick(120) == 0 ? one_of({":Method", ":x", "method", ": path", ":path\r\n"}) : usual;
    }
    std::string method()
    {
        return pick(30) == 0 ? one_of({"", "G T", "GET / HTTP/1.1\r\nHost: b.test\r\n\r\nGET",
                   "get", "CONNECT", "TRACE", "PRI"})
                             : one_of({"GET", "POST", "PUT", "DELETE", "OPTIONS"});
    }
    std::string protocol()
    {
        return pick(10) == 0 ? one_of({"", "h2c", "webtransport", "WebSocket", "websocket ",
                   "websocket\r\nX: y", "websocket, h2c", "connect-udp"})
                             : "websocket";
    }
    std::string path()
    {
        return pick(20) == 0 ? one_of({"", "a", "*", "/a b", "/a HTTP/1.1\r\nX: y", "/\x01", "/a\n",
                   "http://b.test/x", "/\xff", "/a#b", "//b.test/"})
                             : one_of({"/a", "/a?b=c", "/a/../b", "/%2e", "/a;v=1"});
    }
    std::string authority()
    {
        return pick(30) == 0 ? one_of({"", "b.test", "u@a.test", "A.test", "a.test:80",
                   "a.test\r\nX: y", "a.test ", "a.test,b.test"})
                             : "a.test";
    }
    std::string other_field()
    {
        static std::vector<std::vector<std::string>> const kFields{{"accept", "*/*"}, {"x-a", "b"},
            {"x-a", "b"}, {"accept", "*/*"}, {"cookie", "a=b"}, {"x-a", "b"}, {"x-a", "b"},
            {"host", "a.test"}, {"host", "b.test"}, {"connection", "x-a"},
            {"transfer-encoding", "chunked"}, {"te", "trailers"}, {"te", "gzip"},
            {"upgrade", "h2c"}, {"X-A", "b"}, {"x-a", "b\r\nhost: b.test"}, {"x-a", "b\nc"},
            {"x-a", std::string("b\0c", 3)}, {"x a", "b"}, {"x:a", "b"}, {"x\r\na", "b"}, {"", "b"},
            {"x-a", " b "}, {"content-length", "3"}, {"content-length", "+3"},
            {"expect", "100-continue"}, {"x-http-method-override", "DELETE"},
            {"proxy-connection", "keep-alive"}, {"keep-alive", "a"}, {":path", "/b"}};
        auto const& chosen = kFields[pick(kFields.size())];
        return field(chosen[0], chosen[1]);
    }
    std::string trailers()
    {
        return one_of({field("x-sum", "7"), field("content-length", "5"), field("host", "b.test"),
            field("t", "t\r\n\r\nGET /hidden HTTP/1.1"), field(":path", "/b"),
            field("authorization", "a"), field("t", "t")});
    }
    std::string frames_of(std::string const& block)
    {
        bool const has_trailers = pick(6) == 0;
        if (body.empty() && !has_trailers)
            return request(1, block);
        auto out = pick(4) == 0 ? frame(Headers, 0, 1, block.substr(0, block.size() / 2))
                                      + frame(More, kEndHeaders, 1, block.substr(block.size() / 2))
                                : open_request(1, block);
        auto const cut = pick(body.size() + 1);
        out += frame(Data, 0, 1, body.substr(0, cut));
        out += frame(Data, has_trailers ? 0 : kEndStream, 1, body.substr(cut));
        return has_trailers ? out + request(1, trailers()) : out;
    }

    std::mt19937 random_;
    std::string sent_;
};

struct Outcome {
    bool was_judged = false, is_socket = false;
    std::string method, target, host, sent;
};

std::string taken(StreamExchange& exchange)
{
    std::string text(text_of(exchange.to_upstream()));
    exchange.consume_to_upstream(text.size());
    return text;
}

// Everything but the last bytes comes first: the judgement falls in the middle of some requests.
Outcome run(std::string const& text, std::size_t first_part)
{
    Outcome outcome;
    Http2Server server{HttpScheme::Http};
    std::vector<std::unique_ptr<StreamExchange>> exchanges;
    auto const hears = [&](std::string_view part) {
        auto bytes = bytes_of(part);
        for (std::size_t count = 1; !bytes.empty() && count > 0; bytes = bytes.subspan(count))
            count = server.agent_bytes(bytes);
        for (auto& exchange : server.take_arrived())
            exchanges.push_back(std::move(exchange));
        for (auto& exchange : exchanges) {
            if (auto const* head = exchange->waiting(); head != nullptr && !outcome.was_judged) {
                outcome.was_judged = true;
                auto plan = plan_for(*head);
                outcome.is_socket = head->wants_websocket;
                outcome.method = head->method;
                outcome.target = plan.path_and_query;
                outcome.host = plan.host;
                exchange->forward(std::move(plan));
                if (exchange->needs_start())
                    exchange->start_http1();
            }
            outcome.sent += taken(*exchange);
        }
    };
    hears(std::string(kPreface) + frame(Settings, 0, 0));
    hears(std::string_view(text).substr(0, first_part));
    hears(std::string_view(text).substr(first_part));
    return outcome;
}

TEST(Http2Differential, ALenientServerOfHttp1SeesTheOneRequestThatWasJudged)
{
    Streams streams(20261121);
    std::mt19937 random(7);
    int complete = 0, refused = 0, with_trailers = 0, sockets = 0;
    for (int i = 0; i < kRequests; ++i) {
        auto const text = streams.next();
        auto const outcome = run(text, random() % text.size());
        if (!outcome.was_judged) {
            ASSERT_EQ(outcome.sent, "");
            ++refused;
            continue;
        }
        if (outcome.sent.empty())
            continue; // answered instead
        auto const seen = parse_leniently(outcome.sent);
        ASSERT_EQ(seen.method, outcome.method) << outcome.sent;
        ASSERT_EQ(seen.target, outcome.target) << outcome.sent;
        ASSERT_EQ(seen.host, outcome.host) << outcome.sent;
        ASSERT_EQ(seen.hosts, 1) << outcome.sent;
        ASSERT_LE(seen.lengths + seen.encodings, 1) << outcome.sent;
        ASSERT_EQ(seen.rest, "") << outcome.sent;
        ASSERT_TRUE(streams.body.starts_with(seen.body)) << outcome.sent;
        for (auto const& name : seen.trailers)
            ASSERT_TRUE(is_harmless(name)) << name << "\n" << outcome.sent;
        auto const upgrade = outcome.sent.find("\r\nUpgrade: ");
        ASSERT_EQ(upgrade != std::string::npos, outcome.is_socket) << outcome.sent;
        if (outcome.is_socket) {
            ASSERT_EQ(seen.method, "GET");
            ASSERT_EQ(seen.lengths + seen.encodings, 0) << outcome.sent;
            ASSERT_EQ(seen.body, "") << "before the server agreed";
            ASSERT_EQ(outcome.sent.find("websocket"), upgrade + 11) << outcome.sent;
            ASSERT_EQ(outcome.sent.find("Upgrade: ", upgrade + 11), std::string::npos);
            ++sockets;
        }
        with_trailers += !seen.trailers.empty();
        complete += seen.is_complete && seen.body == streams.body;
    }
    // The test means something only if all kinds are frequent.
    EXPECT_GT(complete, kRequests / 4);
    EXPECT_GT(refused, kRequests / 10);
    EXPECT_GT(with_trailers, kRequests / 100);
    EXPECT_GT(sockets, kRequests / 50);
}

} // namespace
} // namespace osh::netproxy::proxy::frames
