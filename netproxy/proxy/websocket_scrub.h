#pragma once
// What a server sends through a WebSocket to an agent that must not see a secret: values in its
// messages are replaced, across frames and fragments; frames are written anew, as they come.
// Nothing is compressed, as nothing was agreed on. A breach of the protocol is a fault.
//
// Not: the agent's direction (websocket_gate.h). No I/O.

#include "netproxy/proxy/answer_cleaner.h"
#include "netproxy/proxy/websocket_frame.h"

namespace osh::netproxy::proxy
{

class WebSocketScrub
{
public:
    explicit WebSocketScrub(Scrubber scrubber) : scrubber_(std::move(scrubber)) {}

    // Everything is taken; what may go on is appended, whole frames only.
    void feed(Bytes in, std::string& out);
    std::string_view fault() const { return fault_; } // "" if none

private:
    enum class Last : bool { No, Yes };
    void head_is_complete();
    void take_payload(std::string_view part, std::string& out);
    void frame_is_complete(std::string& out);
    std::string clean_control() const;
    void write(std::string& out, std::string_view text, Last last);

    Scrubber scrubber_;
    FrameHeadReader reader_;
    FrameHead head_;
    bool is_in_frame_ = false;
    std::uint64_t left_ = 0;
    std::string control_;      // of the control frame under way
    std::uint8_t message_ = 0; // opcode of the message under way; 0: none
    bool has_begun_ = false;   // a fragment of it went on
    std::string_view fault_;
};

} // namespace osh::netproxy::proxy
