// Lines of the control socket, from either side: what decodes must survive being written and read
// again.
#include "policy/base/bytes.h"
#include "policy/base/check.h"
#include "policy/messages/control.h"

#include <cstdint>

using namespace osh;

namespace
{

template<typename Decode>
void write_and_read_again(std::string_view line, Decode decode)
{
    auto message = decode(line);
    if (!message.ok())
        return;
    auto written = policy::control::encode_line(*message);
    if (!written.ok() || written->starts_with("{\"t\":\"\"")) // Unheard is never sent
        return;
    written->pop_back();
    auto again = decode(*written);
    OSH_CHECK(again.ok());
    OSH_CHECK(*policy::control::encode_line(*again) == *written + "\n");
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    policy::control::LineBuffer buffer;
    if (!buffer.append(text_of(std::as_bytes(std::span(data, size)))).ok())
        return 0;
    while (auto line = buffer.next()) {
        write_and_read_again(*line, policy::control::decode_from_client);
        write_and_read_again(*line, policy::control::decode_from_server);
    }
    return 0;
}
