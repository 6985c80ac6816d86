// An agent's frames, whole and in two pieces: nothing crashes, memory stays bounded, what is sent
// does not depend on the pieces, and an independent look at it finds only whole masked frames.
// The first byte says whether compression was agreed on, or that the bytes are a server's whose
// messages are looked through for secrets: then whole, unmasked frames come out.
#include "netproxy/proxy/websocket_gate.h"
#include "netproxy/proxy/websocket_scrub.h"
#include "policy/base/check.h"

#include <span>

namespace
{

using namespace osh;
using namespace osh::netproxy::proxy;

struct Outcome {
    std::string sent;
    unsigned fault = 0;
};

void feed(WebSocketGate& gate, Bytes bytes, Outcome& out)
{
    while (!bytes.empty() && !gate.fault()) {
        bytes = bytes.subspan(gate.take(bytes));
        if (auto const* message = gate.waiting()) {
            OSH_CHECK(message->text.size() <= kMaxTextMessage && is_valid_utf8(message->text));
            gate.pass(std::nullopt);
        }
        out.sent += gate.take_output();
    }
    if (gate.fault())
        out.fault = static_cast<unsigned>(gate.fault()->code);
}

void scrub(Bytes bytes)
{
    WebSocketScrub scrub(Scrubber({{"secret", "masked"}}));
    std::string out;
    scrub.feed(bytes.first(bytes.size() / 2), out);
    scrub.feed(bytes.subspan(bytes.size() / 2), out);
    FrameHeadReader reader;
    std::string message;
    for (auto rest = bytes_of(out); !rest.empty(); reader.clear()) {
        rest = rest.subspan(reader.take(rest));
        OSH_CHECK(reader.is_complete());
        auto const head = reader.head();
        OSH_CHECK(!head.is_masked && head.is_shortest && head.length <= rest.size());
        if (!head.is_control())
            message.append(text_of(rest.first(head.length)));
        OSH_CHECK(message.find("secret") == std::string::npos);
        if (!head.is_control() && head.is_final)
            message.clear();
        rest = rest.subspan(head.length);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    if (size == 0)
        return 0;
    if ((data[0] & 2U) != 0) {
        scrub(std::as_bytes(std::span(data, size)).subspan(1));
        return 0;
    }
    auto const deflate = (data[0] & 1U) != 0 ? Deflate::Yes : Deflate::No;
    auto const bytes = std::as_bytes(std::span(data, size)).subspan(1);
    WebSocketGate whole(deflate), split(deflate);
    Outcome one, two;
    feed(whole, bytes, one);
    feed(split, bytes.first(bytes.size() / 2), two);
    feed(split, bytes.subspan(bytes.size() / 2), two);
    OSH_CHECK(one.sent == two.sent && one.fault == two.fault);
    FrameHeadReader reader;
    for (auto rest = bytes_of(one.sent); !rest.empty();) {
        rest = rest.subspan(reader.take(rest));
        if (!reader.is_complete())
            break;
        auto const head = reader.head();
        OSH_CHECK(head.is_masked && head.is_shortest && !head.has_other_bits);
        reader.clear();
        rest = rest.subspan(
            static_cast<std::size_t>(std::min<std::uint64_t>(head.length, rest.size())));
    }
    return 0;
}
