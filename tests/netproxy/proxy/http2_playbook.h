#pragma once
// A client for the HTTP/2 tests, on our own Http2Session: asks, and keeps what came back. Frames
// that a decent client never sends are tests/e2e's (frames.py) and http2_conformance_test.cc's.

#include "netproxy/proxy/http2_session.h"

#include <gtest/gtest.h>

#include <map>
#include <string>

namespace osh::netproxy::proxy
{

struct Reply {
    std::vector<HttpField> fields; // of the last block that was no 1xx and no trailers
    std::vector<int> informational;
    std::vector<HttpField> trailers;
    std::string body;
    std::string to_send; // of the request
    bool may_end = false;
    bool is_complete = false, is_closed = false;
    Http2Error error = Http2Error::NoError;

    std::string field(std::string_view name) const
    {
        for (auto const& field : fields)
            if (field.name == name)
                return field.value;
        return "";
    }
    std::string status() const { return field(":status"); }
};

class TestPeer : public Http2Events
{
public:
    explicit TestPeer(Http2Role role = Http2Role::Client, Http2Limits const& limits = {})
        : session(Http2Session::create(role, limits, *this))
    {
    }

    StreamId asks(std::string const& method, std::string const& host, std::string const& path,
        std::vector<HttpField> more = {})
    {
        std::vector<HttpField> block{
            {":method", method}, {":scheme", scheme}, {":authority", host}, {":path", path}};
        for (auto& field : more)
            block.push_back(std::move(field));
        auto const id = session->request(block, Ends::Yes);
        replies[id];
        return id;
    }
    // The body goes when say() gave it.
    StreamId begins(std::string const& method, std::string const& host, std::string const& path,
        std::vector<HttpField> more = {})
    {
        std::vector<HttpField> block{
            {":method", method}, {":scheme", scheme}, {":authority", host}, {":path", path}};
        for (auto& field : more)
            block.push_back(std::move(field));
        auto const id = session->request(block, Ends::No);
        replies[id];
        return id;
    }
    void says(StreamId stream, std::string_view text, Ends ends = Ends::No)
    {
        replies[stream].to_send += text;
        replies[stream].may_end = ends == Ends::Yes;
        session->resume(stream);
    }
    std::string output()
    {
        std::string text;
        for (auto bytes = session->output(); !bytes.empty(); bytes = session->output()) {
            text += text_of(bytes);
            session->consume_output(bytes.size());
        }
        return text;
    }
    void hears(std::string_view text)
    {
        auto bytes = bytes_of(text);
        while (!bytes.empty()) {
            auto const taken = session->receive(bytes);
            ASSERT_GT(taken, 0u);
            bytes = bytes.subspan(taken);
        }
    }

    // ---- Http2Events
    void block_received(StreamId stream, FieldBlock block, Ends) override
    {
        auto& reply = replies[stream];
        bool const has_status = !block.fields.empty() && block.fields.front().name.starts_with(':');
        if (!has_status)
            reply.trailers = std::move(block.fields);
        else if (block.fields.front().value.starts_with('1'))
            reply.informational.push_back(std::stoi(block.fields.front().value));
        else
            reply.fields = std::move(block.fields);
    }
    void data_received(StreamId stream, Bytes bytes) override
    {
        replies[stream].body += text_of(bytes);
        if (reads)
            session->consumed(stream, bytes.size());
    }
    void end_received(StreamId stream) override { replies[stream].is_complete = true; }
    void stream_broken(StreamId, std::string_view why) override { broken = why; }
    void stream_closed(StreamId stream, Http2Error why) override
    {
        replies[stream].is_closed = true;
        replies[stream].error = why;
    }
    void going_away(StreamId, Http2Error why) override { went_away = why; }
    Produced produce(StreamId stream, MutableBytes into) override
    {
        auto& reply = replies[stream];
        auto const count = std::min(into.size(), reply.to_send.size());
        auto const part = bytes_of(reply.to_send).first(count);
        std::copy(part.begin(), part.end(), into.begin());
        reply.to_send.erase(0, count);
        if (!reply.to_send.empty())
            return {count, More::Yes};
        if (!reply.may_end)
            return {count, More::Later};
        if (!trailing.contains(stream))
            return {count, More::End};
        session->trailers(stream, trailing[stream]);
        return {count, More::Trailers};
    }

    std::map<StreamId, Reply> replies;
    std::map<StreamId, std::vector<HttpField>> trailing; // to send after the body
    std::string scheme = "http";
    std::string broken;
    std::optional<Http2Error> went_away;
    bool reads = true;
    std::unique_ptr<Http2Session> session;
};

} // namespace osh::netproxy::proxy
