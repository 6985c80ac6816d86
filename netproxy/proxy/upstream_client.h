#pragma once
// The upstream's side of one exchange on a connection of its own, whichever protocol it speaks
// (Http1Client, Http2Client): a judged request out, its answer in. Faults are told, never passed
// on. Whoever owns it decides what becomes of the answer.
//
//   Idle -> Head -> Body -> Idle ...       Tunnel after a verified 101

#include "netproxy/proxy/http1_head.h"

namespace osh::netproxy::proxy
{

// What becomes of an answer. Called in this order: informational*, then answer_head, payload*,
// over; or switched, payload*; answer_broken at any time ends it.
class AnswerSink
{
public:
    virtual ~AnswerSink() = default;
    virtual std::size_t answer_room() const = 0; // payload that fits now
    virtual void informational(ParsedResponse const& response) = 0;
    virtual void switched(ParsedResponse const& response) = 0;
    // The framing as the request's method and the status leave it. An error: the answer may not be
    // passed on, answer_broken follows.
    virtual Result<> answer_head(ParsedResponse const& response, Framing framing) = 0;
    virtual void answer_payload(Bytes payload) = 0;
    virtual void answer_over(std::vector<HttpField> trailers) = 0;
    virtual void tunnel_over(bool cleanly) = 0;
    virtual void answer_broken(std::string why) = 0;
};

class UpstreamClient
{
public:
    enum class State { Idle, Head, Body, Tunnel };

    struct Request {
        std::string_view method;
        Framing framing;            // of the body, as we write it
        bool states_length = false; // a length was given, if only 0
        bool was_continued = false; // an Expect was answered already, or is not understood
        bool takes_trailers = false;
        std::string_view announced_trailers; // told where they can follow: after chunks
    };

    virtual ~UpstreamClient() = default;

    // ---- the request
    virtual void start(Forward const& plan, Request const& request) = 0;
    virtual void payload(Bytes bytes) = 0;
    virtual void end_payload(std::vector<HttpField> const& trailers) = 0;
    virtual std::size_t payload_room() const = 0;
    virtual void tunnel(Bytes bytes) = 0;
    virtual void end_tunnel() = 0; // of the agent's direction; what was given goes first

    // ---- the answer
    virtual std::size_t take(Bytes bytes) = 0;
    virtual std::size_t room() const = 0;
    virtual void ended(bool cleanly) = 0;

    // The exchange is over, or given up: what is left to send has no reader.
    enum class Outcome { Complete, GivenUp };
    virtual void finish(Outcome outcome) = 0;

    virtual State state() const = 0;
    virtual bool is_request_over() const = 0;
    virtual bool has_spoken() const = 0; // a byte of an answer came
    virtual bool is_reusable() const = 0;
    virtual Bytes to_upstream() const = 0;
    virtual void consume_to_upstream(std::size_t count) = 0;
    virtual std::size_t held() const = 0;
};

// RFC 9110 section 6.4.1: these never have a body, whatever their fields say.
inline bool has_no_body(int status, std::string_view method)
{
    return method == "HEAD" || status == 204 || status == 304;
}

} // namespace osh::netproxy::proxy
