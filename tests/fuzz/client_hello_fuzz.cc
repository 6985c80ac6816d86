// Any bytes: the reader neither crashes nor calls a prefix of a hello more complete than the whole.
#include "netproxy/wire/client_hello.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using namespace osh;
    auto const bytes = std::as_bytes(std::span(data, size));
    auto const whole = netproxy::wire::read_client_hello(bytes);
    auto const half = netproxy::wire::read_client_hello(bytes.first(size / 2));
    if (half.status == netproxy::wire::HelloStatus::Complete)
        OSH_CHECK(whole.status == half.status && whole.server_name == half.server_name);
    return 0;
}
