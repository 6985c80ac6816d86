#pragma once
// A server as smuggling likes it, for the tests that compare what was judged with what was sent.

#include "netproxy/proxy/http1_head.h"
#include "policy/base/text.h"

#include <cstdlib>
#include <string>
#include <vector>

namespace osh::netproxy::proxy
{

// Takes bare LF, blanks anywhere, the first of several lengths, chunked wherever it is mentioned.
struct Lenient {
    std::string method, target, host, body;
    int hosts = 0, lengths = 0, encodings = 0;
    std::string rest;
    std::vector<std::string> trailers; // names
    bool is_complete = false;
};

inline std::string next_line(std::string& text)
{
    auto const end = text.find('\n');
    auto line = text.substr(0, end);
    text.erase(0, end == std::string::npos ? text.size() : end + 1);
    while (!line.empty() && (line.back() == '\r' || line.back() == ' '))
        line.pop_back();
    return line;
}

inline bool take_chunks(Lenient& out, std::string& text)
{
    while (!text.empty()) {
        auto const size = std::strtoul(next_line(text).c_str(), nullptr, 16);
        if (size == 0) {
            for (auto line = next_line(text); !line.empty(); line = next_line(text))
                out.trailers.push_back(to_lower_ascii(line.substr(0, line.find(':'))));
            return true;
        }
        if (size > text.size())
            return false;
        out.body += text.substr(0, size);
        text.erase(0, size);
        next_line(text);
    }
    return false;
}

inline Lenient parse_leniently(std::string text)
{
    Lenient out;
    auto const first = next_line(text);
    out.method = first.substr(0, first.find(' '));
    auto const from = first.find(' ');
    if (from == std::string::npos)
        return out;
    out.target = first.substr(from + 1, first.rfind(' ') - from - 1);
    std::size_t length = 0;
    for (auto line = next_line(text); !line.empty(); line = next_line(text)) {
        auto const name = to_lower_ascii(trimmed(line.substr(0, line.find(':'))));
        auto const value = std::string(trimmed(line.substr(line.find(':') + 1)));
        if (name == "host") {
            ++out.hosts;
            out.host = value;
        } else if (name == "content-length") {
            ++out.lengths;
            length = std::strtoul(value.c_str(), nullptr, 0);
        } else if (name == "transfer-encoding") {
            ++out.encodings;
        }
    }
    if (out.encodings > 0) {
        out.is_complete = take_chunks(out, text);
    } else {
        out.is_complete = length <= text.size();
        out.body = text.substr(0, length);
        text.erase(0, std::min(length, text.size()));
    }
    out.rest = text;
    return out;
}

// A trailer that no server takes for framing, routing or authorization.
inline bool is_harmless(std::string const& name)
{
    for (char const* harmful :
        {"host", "content-length", "transfer-encoding", "authorization", "x-http-method", "cookie"})
        if (trimmed(name) == harmful)
            return false;
    return is_token(name);
}

} // namespace osh::netproxy::proxy
