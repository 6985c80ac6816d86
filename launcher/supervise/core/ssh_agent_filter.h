#pragma once
// What passes between programs inside and the person's ssh-agent: keys may be listed, and things be
// signed; adding, removing, locking, smart cards and extensions are answered "failure" by us. One
// connection; one request at a time is with the agent, so answers stay in order. Both sides are
// parsed, and only whole messages go on. draft-miller-ssh-agent.

#include "policy/base/bytes.h"
#include "policy/base/result.h"

#include <cstdint>
#include <optional>
#include <string>

namespace osh::launcher
{

// OpenSSH's own bound for either direction (MAX_AGENT_REPLY_LEN).
inline constexpr std::size_t kMaxSshAgentMessage = 256 * 1024;

class SshAgentFilter
{
public:
    // Errors end the connection.
    Result<> from_inside(Bytes bytes);
    Result<> from_agent(Bytes bytes);

    std::string take_to_agent() { return std::exchange(to_agent_, {}); }
    std::string take_to_inside() { return std::exchange(to_inside_, {}); }
    // No more is read from inside while the agent thinks.
    bool wants_request() const { return !waiting_; }

    // Since the last call, for the journal.
    struct Counts {
        std::uint32_t listed = 0, signed_ = 0, refused = 0;
    };
    Counts take_counts() { return std::exchange(counts_, {}); }

private:
    enum class Request : std::uint8_t { List, Sign };
    static std::optional<Request> permitted(Bytes message);
    void judge(Bytes message);
    Result<> work_off();

    std::string inside_, agent_, to_agent_, to_inside_;
    std::optional<Request> waiting_;
    Counts counts_;
};

} // namespace osh::launcher
