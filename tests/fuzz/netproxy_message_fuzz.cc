// The JSON words between supervisor and netproxy: what decodes must survive being written and read
// again.
#include "policy/base/bytes.h"
#include "policy/base/check.h"
#include "policy/messages/netproxy.h"

#include <cstdint>

using namespace osh;

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    std::string_view const text = text_of(std::as_bytes(std::span(data, size)));
    if (auto message = policy::decode_to_netproxy(text); message.ok()) {
        std::string const written = policy::encode(*message);
        auto again = policy::decode_to_netproxy(written);
        OSH_CHECK(written.size() > policy::kMaxMessage || again.ok());
        OSH_CHECK(!again.ok() || policy::encode(*again) == written);
    }
    if (auto message = policy::decode_from_netproxy(text); message.ok())
        (void)policy::encode(*message);
    (void)policy::decode_layers(text);
    return 0;
}
