#include "policy/messages/control.h"

#include <gtest/gtest.h>

namespace osh::policy::control
{
namespace
{

std::string without_newline(std::string line)
{
    line.pop_back();
    return line;
}

void expect_round_trip(FromServer const& message)
{
    auto line = encode_line(message);
    ASSERT_TRUE(line.ok());
    auto decoded = decode_from_server(without_newline(*line));
    ASSERT_TRUE(decoded.ok()) << decoded.error().sentence << "\n" << *line;
    EXPECT_EQ(decoded->index(), message.index());
    EXPECT_EQ(*encode_line(*decoded), *line);
}

void expect_round_trip(FromClient const& message)
{
    auto line = encode_line(message);
    ASSERT_TRUE(line.ok());
    auto decoded = decode_from_client(without_newline(*line));
    ASSERT_TRUE(decoded.ok()) << decoded.error().sentence << "\n" << *line;
    EXPECT_EQ(decoded->index(), message.index());
    EXPECT_EQ(*encode_line(*decoded), *line);
}

std::string refusal(std::string_view line)
{
    auto decoded = decode_from_client(line);
    return decoded.ok() ? "accepted" : decoded.error().sentence;
}

Question full_question()
{
    Question q;
    q.id = "q-12";
    q.rev = 3;
    q.digest = "b64:abc";
    q.summary = "node (vite) wants to send data to telemetry.example.com";
    q.subject = {"node", "vite", "/usr/bin/node", "sha256:0", 4121, "2026-11-20T14:02:51.000Z",
        {"claude", "bash"}, "$PROJECT", "vite --host"};
    q.target = {"telemetry.example.com", "example.com", 443, "https", "192.0.2.1", "xn--x", "POST",
        "/v1/events", "write"};
    q.why = {"no_rule", "no rule mentions this host"};
    q.likely = Likely{"vite usage statistics", "hosts/node-tools", true};
    q.agent_says = "please";
    q.credential = "github";
    q.count = 3;
    q.first = q.last = q.deadline = "2026-11-20T14:02:51.000Z";
    q.history = {{"2026-11-18", "deny", "once"}};
    q.flags = {"write"};
    q.offers = {{"deny", "deny", "class", "program", "Deny", {"once", "session"}, "once"},
        {"req", "allow", "request", "program", "Allow this request", {"once"}, "once", "r", "c",
            true}};
    return q;
}

TEST(ControlLines, KeepEveryFieldFromTheServer)
{
    expect_round_trip(FromServer(
        ServerHello{1, "7f3a", "1.0.0", "daily", "claude", "webshop", "2026", "always"}));
    expect_round_trip(FromServer(Welcome{"decide", "fe-3", 2, 1}));
    expect_round_trip(FromServer(full_question()));
    expect_round_trip(FromServer(Gone{"q-12", "fe-1", "deny"}));
    expect_round_trip(FromServer(Reply{41, true, "", "", "g-7", 3, 3}));
    expect_round_trip(FromServer(Reply{41, false, "stale", "the question changed"}));
    expect_round_trip(FromServer(Explanation{"q-12", {"rule a: host differs"}}));
    expect_round_trip(
        FromServer(GrantList{{{"g-7", "allow", "send", "session", "fe-1", "2026", 4}}}));
    expect_round_trip(FromServer(Notice{"flood", "too many"}));
    expect_round_trip(FromServer(End{-1, "/x/report.json"}));
    expect_round_trip(FromServer(Bye{"proto", "no", {1, 2}}));
    expect_round_trip(FromServer(Pong{}));
    expect_round_trip(FromServer(PolicyResult{4, false, 2, "a.yaml:1:1: error"}));
    expect_round_trip(FromServer(SessionInfo{
        5, "7f3a", "n", "daily", "claude", "webshop", "2026", "running", 7, 1, 2, 3, 4, 5}));
}

TEST(ControlLines, KeepEveryFieldFromAClient)
{
    expect_round_trip(FromClient(ClientHello{1, "osh-tray/1", "watch", "en", {"undo"}}));
    expect_round_trip(FromClient(Answer{41, "q-12", "b64:abc", "write", "session", "vite"}));
    expect_round_trip(FromClient(Later{"q-12"}));
    expect_round_trip(FromClient(Explain{"q-12"}));
    expect_round_trip(FromClient(ListGrants{}));
    expect_round_trip(FromClient(Undo{42, "g-7"}));
    expect_round_trip(FromClient(Stop{43, "INT"}));
    expect_round_trip(FromClient(Ping{}));
    expect_round_trip(FromClient(SetPolicy{44, "a.yaml", "version: 1\n"}));
    expect_round_trip(FromClient(AskInfo{45}));
}

TEST(ControlLines, ReadTheQuestionOfTheProtocolText)
{
    auto decoded = decode_from_server(
        R"({"t":"question","id":"q-12","rev":3,"digest":"b64:x","state":"held","kind":"network",)"
        R"("summary":"s","subject":{"program":"node","pid":4121,"chain":["claude"],"new":1},)"
        R"("target":{"host":"h","port":443,"ip":null,"class":"write"},)"
        R"("why":{"code":"no_rule","text":"t"},"likely":null,"agent_says":null,"credential":null,)"
        R"("count":3,"deadline":"d","on_deadline":"deny","offers":[]})");
    ASSERT_TRUE(decoded.ok()) << decoded.error().sentence;
    auto const& question = std::get<Question>(*decoded);
    EXPECT_EQ(question.target.access, "write");
    EXPECT_EQ(question.target.ip, "");
    EXPECT_FALSE(question.likely);
}

TEST(ControlLines, RefuseAnUnknownKeyOrWordOfAClient)
{
    EXPECT_EQ(refusal(R"({"t":"later","id":"q","untill":1})"), "later: unknown key \"untill\"");
    EXPECT_EQ(refusal(R"({"t":"allow_all"})"), "unknown message \"allow_all\"");
    EXPECT_EQ(refusal(R"({"t":"question","id":"q"})"), "unknown message \"question\"");
}

TEST(ControlLines, RefuseAnIncompleteOrImpossibleAnswer)
{
    EXPECT_EQ(refusal(R"({"t":"answer","n":1,"id":"q","offer":"o","duration":"once"})"),
        "answer: key \"digest\" is missing");
    EXPECT_EQ(
        refusal(R"({"t":"answer","n":1,"id":"q","digest":"d","offer":"o","duration":"ever"})"),
        "answer: duration is once, session or always");
    EXPECT_EQ(
        refusal(R"({"t":"answer","n":1.5,"id":"q","digest":"d","offer":"o","duration":"once"})"),
        "a number is not whole or beyond 2^53");
    EXPECT_EQ(refusal(R"({"t":"hello","proto":1,"client":"c","role":"root"})"),
        "hello: role is decide or watch");
    EXPECT_EQ(
        refusal(R"({"t":"stop","n":1,"signal":"SEGV"})"), "stop: signal is TERM, INT, KILL or HUP");
}

TEST(ControlLines, SkipUnknownWordsAndKeysOfAServer)
{
    auto decoded = decode_from_server(R"({"t":"stats","cpu":3})");
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ(std::get<Unheard>(*decoded).t, "stats");
    EXPECT_TRUE(decode_from_server(R"({"t":"pong","new":{}})").ok());
    EXPECT_FALSE(decode_from_server(R"({"t":"gone"})").ok());
}

TEST(ControlLines, RefuseWhatDoesNotFitInALine)
{
    EXPECT_FALSE(encode_line(FromClient(SetPolicy{1, "a", std::string(kMaxLine, 'x')})).ok());
    EXPECT_EQ(refusal(std::string(kMaxLine, ' ')), "a message is longer than its limit");
}

TEST(LineBuffer, CutsLinesHoweverTheyArrive)
{
    LineBuffer buffer;
    ASSERT_TRUE(buffer.append("{\"a\"").ok());
    EXPECT_FALSE(buffer.next());
    ASSERT_TRUE(buffer.append(":1}\n\nx\ny").ok());
    EXPECT_EQ(buffer.next(), "{\"a\":1}");
    EXPECT_EQ(buffer.next(), "");
    EXPECT_EQ(buffer.next(), "x");
    EXPECT_FALSE(buffer.next());
}

TEST(LineBuffer, RefusesALineBeyondTheLimit)
{
    LineBuffer fits;
    EXPECT_TRUE(fits.append(std::string(kMaxLine - 1, 'x') + "\n").ok());
    EXPECT_TRUE(fits.next());
    LineBuffer endless;
    EXPECT_TRUE(endless.append(std::string(kMaxLine - 1, 'x')).ok());
    EXPECT_FALSE(endless.append("x").ok());
}

} // namespace
} // namespace osh::policy::control
