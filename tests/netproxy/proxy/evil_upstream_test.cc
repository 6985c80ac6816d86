// An HTTP/2 server that lies, towards an agent of HTTP/1.1 and one of HTTP/2: what breaks a rule of
// frames or messages (RFC 9113) is a 502 or a visible cut, never an answer. Each line of the table
// is a test of its own, twice.
#include "netproxy/proxy/http2_upstream.h"
#include "tests/netproxy/proxy/http1_playbook.h"
#include "tests/netproxy/proxy/http2_frames.h"
#include "tests/netproxy/proxy/http2_playbook.h"

namespace osh::netproxy::proxy::frames
{
namespace
{

enum class Outcome { Served, Refused };

struct Lie {
    std::string name;
    std::string frames; // after the server's SETTINGS
    Outcome outcome = Outcome::Refused;
};

std::string head(std::string_view more = "", std::string_view status = "200")
{
    return field(":status", status) + std::string(more);
}
std::string begins(std::string_view block)
{
    return frame(Headers, kEndHeaders, 1, block);
}
std::string ends(std::string_view block)
{
    return frame(Headers, kEndHeaders | kEndStream, 1, block);
}
std::string body(std::string_view text)
{
    return frame(Data, kEndStream, 1, text);
}
std::string repeated(int times, std::string const& text)
{
    std::string all;
    for (int i = 0; i < times; ++i)
        all += text;
    return all;
}

std::vector<Lie> about_messages()
{
    return {
        {"ItTellsTheTruth", begins(head()) + body("ok"), Outcome::Served},
        {"AnInterimAnswerFirst", begins(head("", "103")) + begins(head()) + body("ok"),
            Outcome::Served},
        {"NoStatus", ends(field("x-a", "b"))},
        {"TwoStatuses", ends(head() + head())},
        {"AStatusAfterAField", ends(field("x-a", "b") + head())},
        {"AStatusOfLetters", ends(head("", "2oo"))},
        {"AStatusOfFourDigits", ends(head("", "2000"))},
        {"AStatusOfZero", ends(head("", "000"))},
        {"ASwitchOfProtocols", begins(head("", "101")) + begins(head()) + body("ok")},
        {"APathInAnAnswer", ends(head(field(":path", "/a")))},
        {"ANameInUpperCase", ends(head(field("X-Evil", "b")))},
        {"ANameWithABlank", ends(head(field("x evil", "b")))},
        {"AnEmptyName", ends(head(field("", "b")))},
        {"AValueWithALineFeed", ends(head(field("x-evil", "a\r\nset-cookie: b")))},
        {"AValueWithANul", ends(head(field("x-evil", std::string("a\0b", 3))))},
        {"AConnectionField", ends(head(field("connection", "close")))},
        {"ATransferEncoding", begins(head(field("transfer-encoding", "chunked"))) + body("ok")},
        {"TwoLengths",
            begins(head(field("content-length", "2") + field("content-length", "3"))) + body("ok")},
        {"ALengthWithASign", begins(head(field("content-length", "+2"))) + body("ok")},
        {"LessThanItsLength", begins(head(field("content-length", "9"))) + body("ok")},
        {"MoreThanItsLength", begins(head(field("content-length", "1"))) + body("ok")},
        {"ABodyWithoutAHead", body("ok")},
        {"AnInterimAnswerThatEnds", ends(head("", "103"))},
        {"InterimAnswersWithoutEnd", repeated(40, begins(head("", "103"))) + ends(head())},
        {"TrailersThatDoNotEnd",
            begins(head()) + frame(Data, 0, 1, "ok") + begins(field("x", "y"))},
        {"APseudoFieldInTrailers", begins(head()) + frame(Data, 0, 1, "ok") + ends(head())},
        {"AHeadOf70KiB", ends(head(repeated(70, field("x-a", std::string(1000, 'v')))))},
        {"ThreeHundredFields", ends(head(repeated(300, field("x-a", "b"))))},
    };
}

std::vector<Lie> about_frames()
{
    return {
        {"APushBeforeItHeardOfOurSettings", // it could not know, and is not listened to
            frame(Push, kEndHeaders, 1, number(2, 4) + pseudo()) + begins(head()) + body("ok"),
            Outcome::Served},
        {"APush", frame(Settings, kAck, 0) + frame(Push, kEndHeaders, 1, number(2, 4) + pseudo())
                      + begins(head()) + body("ok")},
        {"AnAnswerToNobody", frame(Headers, kEndHeaders | kEndStream, 7, head())},
        {"AStreamOfTheServer", frame(Headers, kEndHeaders | kEndStream, 2, head())},
        {"DataOnAnIdleStream", frame(Data, kEndStream, 9, "ok")},
        {"DataOnStreamZero", frame(Data, 0, 0, "ok")},
        {"AnotherFrameInsideABlock",
            frame(Headers, 0, 1, head()) + frame(Ping, 0, 0, number(0, 8))},
        {"ContinuationsWithoutEnd",
            frame(Headers, 0, 1, head()) + repeated(200, frame(More, 0, 1, field("x-a", "b")))},
        {"EmptyContinuationsWithoutEnd",
            frame(Headers, 0, 1, head()) + repeated(200, frame(More, 0, 1, ""))},
        {"ABombOfIndexes", ends(head("\x40" + hpack_text("x-a") + hpack_text(std::string(3000, 'v'))
                                     + std::string(16000, '\xbe')))},
        {"AnIndexThatDoesNotExist", ends("\xff\x80\x01")},
        {"AResetOfTheStream", frame(Reset, 0, 1, number(2, 4))},
        {"AResetInTheAnswer",
            begins(head()) + frame(Data, 0, 1, "ha") + frame(Reset, 0, 1, number(0, 4))},
        {"AGoAwayBelowTheRequest", frame(GoAway, 0, 0, number(0, 8))},
        {"AWindowBeyondItsLimit", frame(Window, 0, 0, number(0x7fffffff, 4))},
        {"AFrameBeyondItsSize", frame(Data, 0, 1, std::string(16385, 'x'))},
        {"DataBeyondTheWindow",
            begins(head()) + repeated(200, frame(Data, 0, 1, std::string(16384, 'x')))},
        {"PingsOneAfterTheOther", repeated(2000, frame(Ping, 0, 0, number(0, 8)))},
        {"SettingsOneAfterTheOther", repeated(200, frame(Settings, 0, 0, setting(3, 1)))},
        {"EmptyDataOneAfterTheOther", begins(head()) + repeated(2000, frame(Data, 0, 1, ""))},
        {"SettingsWithFortyEntries", frame(Settings, 0, 0, repeated(40, setting(3, 1)))},
        {"AnInitialWindowBeyondItsLimit", frame(Settings, 0, 0, setting(4, 0x80000000))},
        {"AnAnswerOfHttp1", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"},
    };
}

std::vector<Lie> lies()
{
    auto all = about_messages();
    for (auto& lie : about_frames())
        all.push_back(std::move(lie));
    return all;
}

class EvilUpstream : public ::testing::TestWithParam<Lie>
{
};

TEST_P(EvilUpstream, TellsNothingToAnAgentOfHttp1)
{
    Http1Connection http;
    http.agent_bytes(bytes_of("GET /x HTTP/1.1\r\nHost: a.test\r\n\r\n"));
    forward_as_is(http);
    http.speak_http2();
    auto const text = frame(Settings, 0, 0) + GetParam().frames;
    std::string got;
    for (auto rest = bytes_of(text); !rest.empty();) {
        taken_to_upstream(http);
        auto const taken = http.upstream_bytes(rest);
        got += taken_to_agent(http);
        if (taken == 0)
            break;
        rest = rest.subspan(taken);
    }
    taken_to_upstream(http);
    http.upstream_bytes({});
    http.upstream_ended(true);
    got += taken_to_agent(http);
    if (GetParam().outcome == Outcome::Served) {
        EXPECT_TRUE(got.ends_with("\r\n\r\n2\r\nok\r\n0\r\n\r\n")) << got;
        return;
    }
    bool const is_502 = got.find("HTTP/1.1 502 ") != std::string::npos;
    EXPECT_TRUE(is_502 || http.was_cut()) << got;
    EXPECT_FALSE(http.upstream_fault().empty());
    EXPECT_EQ(got.find("evil"), std::string::npos) << got;
}

TEST_P(EvilUpstream, TellsNothingToAnAgentOfHttp2)
{
    TestPeer agent;
    Http2Server server(HttpScheme::Http);
    Http2Upstream upstream;
    auto const id = agent.asks("GET", "a.test", "/x");
    server.agent_bytes(bytes_of(agent.output()));
    auto arrived = server.take_arrived();
    ASSERT_EQ(arrived.size(), 1u);
    auto& exchange = *arrived[0];
    exchange.forward(plan_for(*exchange.waiting()));
    ASSERT_TRUE(upstream.start(exchange).ok());
    auto const text = frame(Settings, 0, 0) + GetParam().frames;
    auto const pass_on = [&] {
        tell_fault(exchange);
        while (!upstream.output().empty())
            upstream.consume_output(upstream.output().size());
        for (auto out = server.to_agent(); !out.empty(); out = server.to_agent()) {
            agent.hears(text_of(out));
            server.consume_to_agent(out.size());
        }
        server.agent_bytes(bytes_of(agent.output()));
    };
    for (auto rest = bytes_of(text); !rest.empty();) {
        pass_on();
        rest = rest.subspan(upstream.receive(rest.first(std::min<std::size_t>(rest.size(), 4096))));
    }
    pass_on();
    upstream.transport_ended();
    pass_on();
    auto const& reply = agent.replies[id];
    if (GetParam().outcome == Outcome::Served) {
        EXPECT_EQ(reply.status() + reply.body, "200ok");
        EXPECT_TRUE(reply.is_complete);
        return;
    }
    bool const is_cut = reply.is_closed && !reply.is_complete;
    bool const is_lost = exchange.may_send_again(); // for the core: on a fresh connection, once
    EXPECT_TRUE(reply.status() == "502" || is_cut || is_lost) << reply.status() << reply.body;
    EXPECT_EQ(reply.field("x-evil") + reply.field("set-cookie"), "");
}

INSTANTIATE_TEST_SUITE_P(All, EvilUpstream, ::testing::ValuesIn(lies()),
    [](auto const& tried) { return tried.param.name; });

} // namespace
} // namespace osh::netproxy::proxy::frames
