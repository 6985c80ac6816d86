// Both sides of the ssh-agent filter: the first byte says where each piece comes from. Whatever is
// said, only listing and signing reaches the agent, in whole messages.
#include "launcher/supervise/core/ssh_agent_filter.h"
#include "policy/base/check.h"

#include <algorithm>
#include <cstdint>

using namespace osh;

namespace
{

void check_requests(std::string const& text)
{
    ByteReader in(bytes_of(text));
    while (!in.is_empty()) {
        auto const length = in.u32_be();
        OSH_CHECK(length.ok() && *length > 0 && *length <= launcher::kMaxSshAgentMessage);
        auto const message = in.take(*length);
        OSH_CHECK(message.ok());
        auto const type = std::to_integer<unsigned>(message->front());
        OSH_CHECK(type == 11 || type == 13);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    Bytes rest = std::as_bytes(std::span(data, size));
    launcher::SshAgentFilter filter;
    while (rest.size() > 1) {
        auto const head = std::to_integer<unsigned>(rest.front());
        std::size_t const count = std::min<std::size_t>(rest.size() - 1, (head >> 1) + 1);
        Bytes const piece = rest.subspan(1, count);
        rest = rest.subspan(1 + count);
        auto const done = (head & 1) != 0 ? filter.from_agent(piece) : filter.from_inside(piece);
        check_requests(filter.take_to_agent());
        (void)filter.take_to_inside();
        if (!done.ok())
            break;
    }
    return 0;
}
