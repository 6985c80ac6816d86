#include "netproxy/proxy/websocket_gate.h"

#include <gtest/gtest.h>

namespace osh::netproxy::proxy
{
namespace
{

constexpr MaskKey kMask{0x37, 0xfa, 0x21, 0x3d}; // RFC 6455 section 5.7

std::string frame(unsigned first, std::string_view payload)
{
    std::string out;
    append_frame(out, Opcode::Text, payload, &kMask);
    out[0] = static_cast<char>(first);
    return out;
}

struct Outcome {
    std::vector<std::string> messages;
    std::string sent;
    unsigned fault = 0;
};

// Every message passes; in pieces of `step` bytes.
Outcome play(WebSocketGate& gate, std::string_view text, std::size_t step)
{
    Outcome out;
    while (!text.empty()) {
        auto const taken = gate.take(bytes_of(text.substr(0, step)));
        text.remove_prefix(taken);
        if (auto const* message = gate.waiting()) {
            out.messages.push_back(
                message->kind == TunnelMessage::Kind::Text ? message->text : "(binary)");
            gate.pass(std::nullopt);
        }
        out.sent += gate.take_output();
        if (gate.fault()) {
            out.fault = static_cast<unsigned>(gate.fault()->code);
            break;
        }
    }
    return out;
}

Outcome played(std::string_view text, Deflate deflate = Deflate::No, std::size_t step = 7)
{
    WebSocketGate gate(deflate);
    return play(gate, text, step);
}

TEST(WebSocketGate, SendsWhatWasJudged)
{
    auto const hello = frame(0x81, "Hello");
    for (std::size_t const step : {std::size_t{1}, std::size_t{3}, std::size_t{100}}) {
        auto const out = played(hello + hello, Deflate::No, step);
        EXPECT_EQ(out.messages, (std::vector<std::string>{"Hello", "Hello"}));
        EXPECT_EQ(out.sent, hello + hello);
    }
}

TEST(WebSocketGate, JoinsFragmentsAndLetsControlFramesBetween)
{
    auto const out = played(frame(0x01, "Hel") + frame(0x89, "?") + frame(0x80, "lo"));
    EXPECT_EQ(out.messages, std::vector<std::string>{"Hello"});
    EXPECT_EQ(out.sent, frame(0x89, "?") + frame(0x81, "Hello"));
}

TEST(WebSocketGate, ReadsACompressedMessageAndSendsItPlain)
{
    std::string const deflated("\xf2\x48\xcd\xc9\xc9\x07\x00", 7); // RFC 7692 section 7.2.3.1
    EXPECT_EQ(played(frame(0xc1, deflated), Deflate::Yes).sent, frame(0x81, "Hello"));
    EXPECT_EQ(played(frame(0xc1, deflated)).fault, 1002u);
    EXPECT_EQ(played(frame(0xc1, "\xff\xff\xff"), Deflate::Yes).fault, 1007u);
}

TEST(WebSocketGate, SendsAnotherTextInstead)
{
    WebSocketGate gate(Deflate::No);
    gate.take(bytes_of(frame(0x81, "secret")));
    ASSERT_NE(gate.waiting(), nullptr);
    EXPECT_EQ(gate.take(bytes_of("more")), 0u);
    gate.pass("[redacted]");
    EXPECT_EQ(gate.take_output(), frame(0x81, "[redacted]"));
}

TEST(WebSocketGate, ABinaryMessagePassesAsItCameOnceItMay)
{
    auto const two = frame(0x02, std::string(200, 'b')) + frame(0x80, "end");
    auto const out = played(two + frame(0x81, "t"));
    EXPECT_EQ(out.messages, (std::vector<std::string>{"(binary)", "t"}));
    EXPECT_EQ(out.sent, two + frame(0x81, "t"));
    WebSocketGate held(Deflate::No);
    held.take(bytes_of(two));
    EXPECT_TRUE(held.take_output().empty());
}

struct Breach {
    std::string bytes;
    unsigned code;
};
class BrokenFrames : public testing::TestWithParam<Breach>
{
};
TEST_P(BrokenFrames, EndWithTheirCode)
{
    auto const out = played(GetParam().bytes);
    EXPECT_EQ(out.fault, GetParam().code);
    EXPECT_TRUE(out.sent.empty());
}
INSTANTIATE_TEST_SUITE_P(All, BrokenFrames,
    testing::Values(Breach{std::string("\x81\x02hi", 4), 1002},  // no mask
        Breach{frame(0x91, "x"), 1002},                          // RSV3
        Breach{frame(0x83, "x"), 1002},                          // opcode 3
        Breach{frame(0x80, "x"), 1002},                          // continues nothing
        Breach{frame(0x01, "x") + frame(0x81, "y"), 1002},       // a message in another
        Breach{frame(0x09, "x"), 1002},                          // a split ping
        Breach{frame(0x89, std::string(126, 'x')), 1002},        // a long ping
        Breach{std::string("\x81\xfe\x00\x02mmmmhi", 10), 1002}, // length not shortest
        Breach{std::string("\x81\xff\xff\0\0\0\0\0\0\0mmmm", 14), 1002},
        Breach{std::string("\x81\xff\0\0\0\0\0\x40\0\x01mmmm", 14), 1009}, // 4 MiB and one
        Breach{std::string("\x82\xff\0\0\0\0\x01\0\0\x01mmmm", 14), 1009}, // 16 MiB and one
        Breach{frame(0x81, "\xc0\x80"), 1007}, Breach{frame(0x81, "\xed\xa0\x80"), 1007},
        Breach{frame(0x81, "\xf4\x90\x80\x80"), 1007}, Breach{frame(0x81, "\xe2\x82"), 1007},
        Breach{frame(0x88, "x"), 1002}, Breach{frame(0x88, "\x03\xed"), 1002}));

TEST(WebSocketGate, RefusesTooManyFragments)
{
    std::string text = frame(0x01, "");
    for (unsigned i = 0; i < kMaxFragments; ++i)
        text += frame(0x00, "");
    EXPECT_EQ(played(text, Deflate::No, 1000).fault, 1009u);
}

TEST(WebSocketGate, NothingFollowsAClose)
{
    auto const close = frame(0x88, "\x03\xe8");
    auto const out = played(close + frame(0x81, "late"));
    EXPECT_EQ(out.sent, close);
    EXPECT_TRUE(out.messages.empty());
}

TEST(FrameBoundary, KnowsWhereAFrameEnds)
{
    std::string two;
    append_frame(two, Opcode::Text, std::string(70'000, 'x'), nullptr);
    auto const first = two.size();
    append_frame(two, Opcode::Ping, "", nullptr);
    FrameBoundary boundary;
    std::size_t at = 0;
    while (at < first) {
        at += boundary.next(bytes_of(std::string_view(two).substr(at, 999)));
        EXPECT_EQ(boundary.is_between_frames(), at == first);
    }
    EXPECT_EQ(at, first);
    EXPECT_EQ(boundary.next(bytes_of(std::string_view(two).substr(at))), two.size() - first);
    EXPECT_TRUE(boundary.is_between_frames());
}

TEST(ClosePayload, CutsAReasonBetweenCharacters)
{
    EXPECT_EQ(close_payload(CloseCode::Policy, "why"), std::string("\x03\xf0why"));
    std::string const longer = std::string(122, 'x') + "\xc3\xa9";
    EXPECT_EQ(close_payload(CloseCode::Policy, longer).size(), 2u + 122u);
}

} // namespace
} // namespace osh::netproxy::proxy
