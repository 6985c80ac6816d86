#pragma once
// Random streams of HTTP/2 for the differential tests, in frames: many lawful, many malformed, some
// with bytes that mean something to HTTP/1.1.

#include "tests/netproxy/proxy/http2_frames.h"

#include <random>
#include <string>
#include <vector>

namespace osh::netproxy::proxy::frames
{

class Http2Generator
{
public:
    enum class Sockets : bool { No, Yes }; // extended CONNECT among them
    explicit Http2Generator(unsigned seed, Sockets sockets = Sockets::No)
        : random_(seed), sockets_(sockets)
    {
    }

    // The frames of stream 1, whole.
    std::string next()
    {
        std::vector<std::string> block{field(name(":method"), method()),
            field(name(":scheme"), rarely("https", "http")), field(name(":authority"), authority()),
            field(name(":path"), path())};
        if (sockets_ == Sockets::Yes && pick(8) == 0) {
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
    Sockets sockets_;
    std::string sent_;
};

} // namespace osh::netproxy::proxy::frames
