#include "launcher/supervise/core/terminal_filter.h"

#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

struct Case {
    std::string name, in, out;
};

std::vector<Case> cases()
{
    using namespace std::string_literals;
    return {{"text", "héllo wörld → 🙂\r\n\t", "héllo wörld → 🙂\r\n\t"},
        {"colours", "\x1b[1;38;2;1;2;3mred\x1b[4:3m\x1b[0m",
            "\x1b[1;38;2;1;2;3mred\x1b[4:3m\x1b[0m"},
        {"cursor and erase", "\x1b[2J\x1b[H\x1b[10;4Hx\x1b[K", "\x1b[2J\x1b[H\x1b[10;4Hx\x1b[K"},
        {"full screen", "\x1b[?1049h\x1b[?25l\x1b[?1006;1000h",
            "\x1b[?1049h\x1b[?25l\x1b[?1006;1000h"},
        {"questions with numbers", "\x1b[c\x1b[6n\x1b[>c\x1b[?u\x1b[>q",
            "\x1b[c\x1b[6n\x1b[>c\x1b[?u\x1b[>q"},
        {"title", "\x1b]0;work\x07", "\x1b]0;work\x1b\\"},
        {"web link", "\x1b]8;;https://a.example/\x1b\\a\x1b]8;;\x1b\\",
            "\x1b]8;;https://a.example/\x1b\\a\x1b]8;;\x1b\\"},
        {"file link", "\x1b]8;;FILE:///etc/passwd\x1b\\a\x1b]8;;\x1b\\", "a\x1b]8;;\x1b\\"},
        {"clipboard write", "a\x1b]52;c;ZXZpbA==\x07z", "az"},
        {"clipboard read", "a\x1b]52;c;?\x1b\\z", "az"},
        {"font", "a\x1b]50;$(touch x)\n\x07z", "az"}, {"font question", "a\x1b]50;?\x07z", "az"},
        {"orders of iTerm", "a\x1b]1337;CopyToClipboard=\x07z", "az"},
        {"notification", "a\x1b]777;notify;bank;call us\x07z\x1b]9;x\x07", "az"},
        {"progress", "\x1b]9;4;1;50\x07", "\x1b]9;4;1;50\x1b\\"},
        {"settings question", "a\x1bP$q\"p\x1b\\z", "az"},
        {"capability question", "a\x1bP+q544e\x1b\\z", "az"},
        {"bell in a device string",
            "a\x1bP+q\x07"
            "x\x1b\\z",
            "az"},
        {"programs, messages, graphics", "a\x1b_Gx\x1b\\\x1b^x\x1b\\\x1bXx\x1b\\\x1bkx\x1b\\z",
            "az"},
        {"title report", "a\x1b[21tz\x1b[20t", "az"},
        {"window moves", "a\x1b[3;0;0t\x1b[8;1;1t\x1b[tz", "az"},
        {"sizes", "\x1b[14t\x1b[18t", "\x1b[14t\x1b[18t"},
        {"screen read back", "a\x1b[1;1;1;1;1;1*y\x1b[1$wz", "az"},
        {"printing", "a\x1b[5i\x1b[iz", "az"},
        {"other languages", "a\x1b[?2l\x1b%@\x1b F\x1b[62\"pz", "az"},
        {"locked keyboard", "a\x1b[2hz", "az"},
        {"several modes with a bad one", "a\x1b[?25;5522hz", "az"},
        {"8-bit control bytes",
            "a\x9b"
            "21tz\x9d",
            "a\xef\xbf\xbd"
            "21tz\xef\xbf\xbd"},
        {"controls in UTF-8",
            "a\xc2\x9d"
            "52;c;eA==\xc2\x9cz\xc2\x9b"
            "1m",
            "az\x1b[1m"},
        {"a control put together from halves",
            "\xc2\x1b]52;\x07\x9b"
            "21t",
            "\xef\xbf\xbd\xef\xbf\xbd"
            "21t"},
        {"over-long forms", "\xc0\x9b\xe0\x80\x9b",
            "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {"a sequence given up", "a\x1b[21\x18t\x1b]52;c\x1az", "atz"},
        {"escape inside of a string", "a\x1b]0;x\x1b[1mz", "a\x1b[1mz"},
        {"escape inside of a sequence", "a\x1b[2\x1b]52;c;x\x07z", "az"},
        {"control inside of a sequence", "a\x1b[2\nJ", "a\n\x1b[2J"},
        {"long string", "a\x1b]0;" + std::string(kMaxControlString, 'x') + "\x07z", "az"},
        {"long sequence", "a\x1b[" + std::string(kMaxControlSequence + 1, '1') + "mz", "az"},
        {"nul", "a\0b"s, "a\0b"s}};
}

TEST(TerminalFilter, LetsHarmlessSequencesPassAndDropsTheRest)
{
    for (auto const& test : cases())
        EXPECT_EQ(TerminalFilter().pass(test.in), test.out) << test.name;
}

TEST(TerminalFilter, DecidesTheSameWhereverTheStreamIsCut)
{
    for (auto const& test : cases()) {
        for (std::size_t cut = 0; cut <= std::min<std::size_t>(test.in.size(), 64); ++cut) {
            TerminalFilter filter;
            std::string out = filter.pass(std::string_view(test.in).substr(0, cut));
            out += filter.pass(std::string_view(test.in).substr(cut));
            EXPECT_EQ(out, test.out) << test.name << " cut at " << cut;
        }
        TerminalFilter filter;
        std::string out;
        for (char const byte : test.in)
            out += filter.pass(std::string_view(&byte, 1));
        EXPECT_EQ(out, test.out) << test.name << " byte by byte";
    }
}

TEST(TerminalFilter, PassesNothingNewWhenItReadsItsOwnOutput)
{
    for (auto const& test : cases())
        EXPECT_EQ(TerminalFilter().pass(test.out), test.out) << test.name;
}

TEST(TerminalFilter, AddsNothingAtTheEndOfPlainOutput)
{
    TerminalFilter filter;
    filter.pass("plain \x1b[31mred\x1b[0m\n");
    EXPECT_EQ(filter.finish(), "");
}

TEST(TerminalFilter, ResetsAtTheEndWhatTheAgentLeftOn)
{
    TerminalFilter filter;
    filter.pass("\x1b[?1049h\x1b[?1000h\x1b[?2004h\x1b[?25l\x1b[>1u\x1b[1m\x1b=");
    EXPECT_EQ(filter.finish(), "\x1b[<1u\x1b>\x1b[?25h\x1b[?1000l\x1b[?1049l\x1b[?2004l\x1b[m");
    EXPECT_EQ(filter.finish(), "");
}

TEST(TerminalFilter, ResetsNothingThatTheAgentHasResetItself)
{
    TerminalFilter filter;
    filter.pass("\x1b[?1049h\x1b[?25l\x1b[>1u\x1b[<u\x1b[?25h\x1b[?1049l");
    EXPECT_EQ(filter.finish(), "");
}

TEST(TerminalFilter, ForgetsAHalfSequenceAtTheEnd)
{
    TerminalFilter filter;
    EXPECT_EQ(filter.pass("a\x1b]0;half"), "a");
    EXPECT_EQ(filter.finish(), "");
}

} // namespace
} // namespace osh::launcher
