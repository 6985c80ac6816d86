#pragma once
// The answer to a request that carried a secret, on its way to the agent: values are replaced, and
// a compressed body is made readable first, as a secret in it could not be seen. The request asked
// for no encoding (core/flow_request.cc); some servers do not listen. Not: framing.

#include "netproxy/proxy/http1_head.h"
#include "netproxy/proxy/http1_scrub.h"
#include "netproxy/proxy/inflate.h"

namespace osh::netproxy::proxy
{

class AnswerCleaner
{
public:
    AnswerCleaner() = default;
    explicit AnswerCleaner(Scrubber scrubber) : scrubber_(std::move(scrubber)) {}

    bool is_active() const { return scrubber_.is_active(); }
    // The body will be as long as the server said.
    bool keeps_length() const { return !inflater_ && (!is_active() || scrubber_.keeps_length()); }
    std::string replaced(std::string_view text) const { return scrubber_.replaced(text); }
    bool is_in_name(std::string_view name) const { return scrubber_.is_in_name(name); }

    // Once, at the head of an answer; takes an encoding out of it that it will undo. An error: one
    // that it cannot.
    Result<> begin(ParsedResponse& response, BodyKind body);
    // How much of the body to offer at once, where `room` is left for what comes of it.
    std::size_t room(std::size_t room) const;
    // Appends what is certain. An error: the body is not what it says, or beyond reason.
    Result<> feed(std::string_view piece, std::string& out);
    Result<> finish(std::string& out);

private:
    Scrubber scrubber_;
    std::optional<Inflater> inflater_;
};

} // namespace osh::netproxy::proxy
