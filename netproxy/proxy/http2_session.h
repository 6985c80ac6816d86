#pragma once
// One HTTP/2 connection over memory (RFC 9113): frames, HPACK, stream states and windows by
// nghttp2, which only http2_session.cc includes. What a message means is http2_message.h's; what
// becomes of it its owner's (Http2Server towards the agent, Http2Upstream towards a server).
//
// Bounded: header blocks by Http2Limits, frames of ours that wait by kMaxWaitingAcks, the peer's
// useless frames by FloodGuard. A stream's window is given back only by consumed(); the
// connection's at once, so that one stream that nobody reads does not hold the others.

#include "netproxy/proxy/byte_queue.h"
#include "netproxy/proxy/http2_flood.h"
#include "netproxy/proxy/http_exchange.h"

#include <memory>

namespace osh::netproxy::proxy
{

using StreamId = std::int32_t;

enum class Http2Role : std::uint8_t { Server, Client };
enum class Ends : bool { No, Yes }; // is it the last of its stream's direction?
// Whether the peer takes WebSockets over HTTP/2 (SETTINGS_ENABLE_CONNECT_PROTOCOL, RFC 8441
// section 3): not known before its first SETTINGS.
enum class TakesSockets : std::uint8_t { Unknown, No, Yes };

// RFC 9113 section 7.
enum class Http2Error : std::uint32_t {
    NoError = 0,
    Protocol = 1,
    Internal = 2,
    FlowControl = 3,
    RefusedStream = 7,
    Cancel = 8,
    EnhanceYourCalm = 11,
    Http11Required = 13,
};

struct Http2Limits {
    std::size_t block = 64 * 1024; // names, values and 32 a field, as RFC 9113 section 6.5.2 counts
    std::size_t fields = 200;
    std::uint32_t streams = 100;                   // open at once
    std::uint32_t stream_window = 64 * 1024;       // bytes of one stream that wait in us
    std::uint32_t connection_window = 1024 * 1024; // on their way; given back on arrival
    bool takes_sockets = true; // a server: it takes WebSockets (RFC 8441), and says so
};

inline constexpr std::size_t kMaxWaitingAcks = 64; // SETTINGS and PING acknowledgements
inline constexpr std::size_t kMaxContinuations = 8;
inline constexpr std::size_t kMaxSettings = 32; // entries of one frame

// One field block: a request, an answer's head, or trailers. Pseudo fields come first, as sent.
struct FieldBlock {
    std::vector<HttpField> fields;
    std::size_t size = 0;
    bool is_too_large = false; // then fields are those that fitted

    void add(std::string_view name, std::string_view value, Http2Limits const& limits)
    {
        constexpr std::size_t kPerField = 32;
        size += name.size() + value.size() + kPerField;
        is_too_large = is_too_large || size > limits.block || fields.size() >= limits.fields;
        if (!is_too_large)
            fields.push_back({std::string(name), std::string(value)});
    }
};

class Http2Events
{
public:
    virtual ~Http2Events() = default;
    virtual void block_received(StreamId stream, FieldBlock block, Ends ends) = 0;
    virtual void data_received(StreamId stream, Bytes bytes) = 0; // owes consumed() that many
    virtual void end_received(StreamId stream) = 0;               // of data or of trailers
    // The peer broke a rule of messages on this stream; it is being reset.
    virtual void stream_broken(StreamId stream, std::string_view why) = 0;
    virtual void stream_closed(StreamId stream, Http2Error why) = 0; // forget it
    // No stream above `last` was or will be looked at.
    virtual void going_away(StreamId last, Http2Error why) = 0;

    // The body of a message under way is wanted. Later: call resume() when there is more. Trailers
    // were given to the session before Trailers is returned.
    enum class More : std::uint8_t { Later, Yes, End, Trailers };
    struct Produced {
        std::size_t count = 0;
        More more = More::Later;
    };
    virtual Produced produce(StreamId stream, MutableBytes into) = 0;
};

class Http2Session
{
public:
    // `events` must outlive it.
    static std::unique_ptr<Http2Session> create(
        Http2Role role, Http2Limits const& limits, Http2Events& events);
    virtual ~Http2Session() = default;

    // ---- bytes. Takes nothing while much output waits.
    virtual std::size_t receive(Bytes bytes) = 0;
    virtual Bytes output() = 0; // makes frames as far as there is something to say
    virtual void consume_output(std::size_t count) = 0;
    virtual void set_time(Instant now) = 0; // for the flood guard

    // ---- messages; names in lower case, pseudo fields first
    virtual StreamId request(std::vector<HttpField> const& fields, Ends ends) = 0; // 0: cannot
    virtual void answer(StreamId stream, std::vector<HttpField> const& fields, Ends ends) = 0;
    virtual void informational(StreamId stream, std::vector<HttpField> const& fields) = 0;
    virtual void trailers(StreamId stream, std::vector<HttpField> const& fields) = 0;
    virtual void resume(StreamId stream) = 0;
    virtual void consumed(StreamId stream, std::size_t count) = 0;
    virtual void reset(StreamId stream, Http2Error why) = 0;
    virtual void go_away(Http2Error why) = 0; // no further streams; those under way go on
    virtual void terminate(Http2Error why) = 0;

    // ---- how it is
    virtual bool is_over() const = 0;     // nothing will be read or written any more
    virtual bool may_request() const = 0; // the peer takes one more stream
    virtual TakesSockets takes_sockets() const = 0;
    virtual std::string const& fault() const = 0; // of the connection; "" if none
};

} // namespace osh::netproxy::proxy
