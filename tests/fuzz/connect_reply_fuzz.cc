// Any bytes of a proxy: the head, once found, lies within the bytes, and a prefix knows no more.
#include "netproxy/core/connect_reply.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using namespace osh;
    auto const text = text_of(std::as_bytes(std::span(data, size)));
    auto const whole = netproxy::core::parse_connect_reply(text);
    if (!whole.ok() || !*whole)
        return 0;
    OSH_CHECK((*whole)->size <= size && (*whole)->status >= 0 && (*whole)->status <= 999);
    auto const less = netproxy::core::parse_connect_reply(text.substr(0, (*whole)->size - 1));
    OSH_CHECK(!less.ok() || !*less);
    return 0;
}
