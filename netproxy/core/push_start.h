#pragma once
// The first bytes of a push, without their Content-Encoding, given to the reader of pkt-lines as
// they come. The body itself goes on as it came.

#include "netproxy/proxy/git_push.h"
#include "netproxy/proxy/http_exchange.h"
#include "netproxy/proxy/inflate.h"

#include <optional>

namespace osh::netproxy::core
{

// Of a body that waits for its verdict: the commands, and the commits of a small push.
inline constexpr std::size_t kPushStart = 256 * 1024;

class PushStart
{
public:
    explicit PushStart(proxy::RequestHead const& head);

    void read(proxy::BodyStart const& start);
    bool is_reading() const { return fault_.empty() && reader_.is_reading(); }
    // Why it cannot be judged; "" where it can.
    std::string const& fault() const { return fault_.empty() ? reader_.fault() : fault_; }
    proxy::GitPushReader const& reader() const { return reader_; }

private:
    void feed(std::string_view bytes);

    std::optional<proxy::Inflater> inflater_;
    proxy::GitPushReader reader_;
    std::size_t seen_ = 0; // of the body
    std::string fault_;
};

} // namespace osh::netproxy::core
