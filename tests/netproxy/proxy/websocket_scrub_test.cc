// A server's messages without secrets: across fragments, frames and pieces of one byte.
#include "netproxy/proxy/websocket_scrub.h"

#include <gtest/gtest.h>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::string_view kSecret = "real-secret-value";
constexpr std::string_view kMask = "placeholder-value";

std::string frame(unsigned char first, std::string_view payload)
{
    std::string out;
    append_frame(out, Opcode::Text, payload, nullptr);
    out[0] = static_cast<char>(first);
    return out;
}

struct Seen {
    std::vector<std::string> messages; // "1:text", by opcode; control frames as well
    std::string fault;
};

// Reads what came out as a client would.
Seen read_back(std::string_view out)
{
    Seen seen;
    std::string message;
    int opcode = 0;
    auto bytes = bytes_of(out);
    while (!bytes.empty()) {
        FrameHeadReader reader;
        bytes = bytes.subspan(reader.take(bytes));
        auto const head = reader.head();
        std::string const payload(text_of(bytes.first(head.length)));
        bytes = bytes.subspan(head.length);
        if (head.is_control()) {
            seen.messages.push_back(std::to_string(head.opcode) + ":" + payload);
            continue;
        }
        EXPECT_EQ(head.opcode == 0, opcode != 0);
        opcode = head.opcode != 0 ? head.opcode : opcode;
        message += payload;
        if (head.is_final) {
            seen.messages.push_back(std::to_string(opcode) + ":" + message);
            message.clear();
            opcode = 0;
        }
    }
    return seen;
}

Seen scrubbed(std::string_view in, std::size_t piece)
{
    WebSocketScrub scrub(Scrubber({{kSecret, kMask}}));
    std::string out;
    for (std::size_t at = 0; at < in.size(); at += piece)
        scrub.feed(bytes_of(in.substr(at, piece)), out);
    auto seen = read_back(out);
    seen.fault = scrub.fault();
    return seen;
}

TEST(WebSocketScrub, ReplacesAValueAcrossFragmentsAndControlFrames)
{
    auto const in = frame(0x81, "a real-secret-value b") + frame(0x01, "x real-sec")
                    + frame(0x89, "ping real-secret-value") + frame(0x00, "ret-va")
                    + frame(0x80, "lue y") + frame(0x82, "real-secret-value") + frame(0x81, "");
    for (std::size_t const piece : {std::size_t{1}, std::size_t{7}, in.size()}) {
        auto const seen = scrubbed(in, piece);
        EXPECT_EQ(seen.fault, "");
        EXPECT_EQ(seen.messages,
            (std::vector<std::string>{"1:a placeholder-value b", "9:ping placeholder-value",
                "1:x placeholder-value y", "2:placeholder-value", "1:"}));
    }
}

TEST(WebSocketScrub, ACloseWhoseReasonGrewIsCutBetweenTwoCharacters)
{
    std::string wide;
    for (int i = 0; i < 59; ++i)
        wide += "\xc3\xa9";
    auto const short_one = frame(0x88, "\x03\xe8 bye real");
    EXPECT_EQ(scrubbed(short_one, 3).messages, std::vector<std::string>{"8:\x03\xe8 bye real"});
    WebSocketScrub scrub(Scrubber({{"abc", "four"}}));
    std::string out;
    scrub.feed(bytes_of(frame(0x88, "\x03\xe8"
                                    "abc"
                                        + wide + "\xc3\xa9")),
        out);
    EXPECT_EQ(read_back(out).messages, std::vector<std::string>{"8:\x03\xe8"
                                                                "four"
                                                                + wide});
}

TEST(WebSocketScrub, APingThatGrewIsCutToItsFrame)
{
    WebSocketScrub scrub(Scrubber({{"abc", "four"}}));
    std::string out;
    scrub.feed(bytes_of(frame(0x89, "abc" + std::string(122, 'p'))), out);
    EXPECT_EQ(read_back(out).messages, std::vector<std::string>{"9:four" + std::string(121, 'p')});
}

TEST(WebSocketScrub, AValueMayNotGrowAcrossMessages)
{
    auto const seen = scrubbed(frame(0x81, "real-sec") + frame(0x81, "ret-value"), 3);
    EXPECT_EQ(seen.messages, (std::vector<std::string>{"1:real-sec", "1:ret-value"}));
}

TEST(WebSocketScrub, EndsAtABreachOfTheProtocol)
{
    std::string masked;
    MaskKey const key{1, 2, 3, 4};
    append_frame(masked, Opcode::Text, "hi", &key);
    for (auto const& bad : {masked, frame(0xc1, "compressed"), frame(0x83, "opcode"),
             frame(0x80, "of nothing"), frame(0x09, "split ping"), frame(0x8b, "unknown control"),
             frame(0x01, "one") + frame(0x81, "within it"), std::string("\x81\x7e\0\1x", 5),
             frame(0x89, std::string(126, 'p'))}) {
        auto const seen = scrubbed(bad, 2);
        EXPECT_NE(seen.fault, "") << bad;
    }
}

} // namespace
} // namespace osh::netproxy::proxy
