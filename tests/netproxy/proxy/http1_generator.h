#pragma once
// Random requests of HTTP/1.1 for the differential tests: many lawful, many almost, some mutated.

#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace osh::netproxy::proxy
{

// Every text ends with a whole second request, which nobody may ever see.
class Http1Generator
{
public:
    explicit Http1Generator(unsigned seed) : random_(seed) {}

    std::string request()
    {
        std::string text = one_of({"GET", "POST", "PUT", "DELETE"}) + gap() + target() + gap()
                           + one_of({"HTTP/1.1", "HTTP/1.1", "HTTP/1.1", "HTTP/1.0"}) + end();
        text += rarely("host: b.test\r\n") + "Host: a.test" + end();
        for (unsigned i = pick(4); i > 0; --i)
            text += field();
        body_ = std::string(pick(12), static_cast<char>('a' + pick(26)));
        is_body_certain_ = true;
        switch (pick(5)) {
        case 0: text += length(body_.size()) + "\r\n" + body_; break;
        case 1: text += "Transfer-Encoding: chunked\r\n\r\n" + chunks(); break;
        case 2:
            text += length(body_.size()) + "Transfer-Encoding" + colon() + "chunked\r\n\r\n";
            is_body_certain_ = false; // neither reading of it finds that body
            break;
        case 3: text += length(body_.size()) + rarely(length(3)) + "\r\n" + body_; break;
        default:
            body_.clear();
            text += "\r\n";
            break;
        }
        if (pick(6) == 0) {
            mutate(text);
            is_body_certain_ = false;
        }
        return text + "GET /smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n";
    }
    // Of the request made last; nothing where a mutation may have touched it.
    std::optional<std::string> body() const
    {
        return is_body_certain_ ? std::optional(body_) : std::nullopt;
    }
    unsigned pick(unsigned count)
    {
        return std::uniform_int_distribution<unsigned>(0, count - 1)(random_);
    }

private:
    std::string one_of(std::vector<std::string> const& words)
    {
        return words[pick(unsigned(words.size()))];
    }
    std::string rarely(std::string const& text) { return pick(15) == 0 ? text : ""; }
    std::string gap() { return pick(40) == 0 ? one_of({"  ", "\t", "", "\r"}) : " "; }
    std::string end() { return pick(40) == 0 ? one_of({"\n", "\r", " \r\n", "\r\r\n"}) : "\r\n"; }
    std::string colon() { return pick(8) == 0 ? one_of({" : ", ":\t", ":", ": \x0b"}) : ": "; }
    std::string target()
    {
        return one_of({"/a", "/a?b=c", "/a/../b", "/%2e", "https://a.test/x", "//a"});
    }
    std::string field()
    {
        return one_of({"X-A: b", "Accept: */*", "Connection: keep-alive, X-A",
                   "Expect: 100-continue", "Connection: close", "X-Content-Length: 5",
                   "Content_Length: 5", "X: a\r\n b", "Upgrade: h2c", "TE: trailers",
                   "X-HTTP-Method-Override: DELETE", "Connection: Transfer-Encoding"})
               + end();
    }
    std::string length(std::size_t size)
    {
        auto const text = std::to_string(size);
        return "Content-Length" + colon()
               + (pick(8) == 0
                       ? one_of({"+" + text, "0x" + text, text + ", " + text, " " + text, "-1"})
                       : text)
               + "\r\n";
    }
    std::string chunks()
    {
        std::string out;
        for (char const c : body_)
            out += one_of({"1\r\n", "01\r\n", "1;e=v\r\n", "1\r\n", "1\r\n", "1\r\n", "1\r\n",
                       rarely("1 \r\n").empty() ? "1\r\n" : "1 \r\n"})
                   + c + "\r\n";
        out += "0\r\n";
        for (unsigned i = pick(3); i > 0; --i)
            out += trailer() + end();
        return out + "\r\n";
    }
    std::string trailer()
    {
        return one_of({"T: t", "X-Sum: 7", "Host: b.test", "Content-Length: 5", "T : t", "T\r\n t",
            "Transfer-Encoding: chunked", "Authorization: a", "X-HTTP-Method: PUT", "X-A: c", ": t",
            "Cookie: a", "T: t\r\n\r\nGET /hidden HTTP/1.1"});
    }
    void mutate(std::string& text)
    {
        constexpr std::string_view kBytes{"\r\n \t:,;\0\x01\xff%/#0a", 16};
        auto const at = pick(static_cast<unsigned>(text.size()));
        auto const byte = kBytes[pick(static_cast<unsigned>(kBytes.size()))];
        if (pick(2) == 0)
            text[at] = byte;
        else
            text.insert(at, 1, byte);
    }

    std::mt19937 random_;
    std::string body_;
    bool is_body_certain_ = false;
};

} // namespace osh::netproxy::proxy
