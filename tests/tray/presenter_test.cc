#include "tests/tray/example.h"

#include <gtest/gtest.h>

namespace osh::tray
{
namespace
{

ShownQuestion presented(Queued const& queued)
{
    return present(queued, {2, 5}, example_time());
}

std::string line(std::vector<ShownLine> const& lines, std::string_view label)
{
    for (auto const& one : lines)
        if (one.label == label)
            return one.text;
    return "(none)";
}

std::string warnings(ShownQuestion const& shown)
{
    std::string all;
    for (auto const& one : shown.lines)
        if (one.tone == Tone::Warning)
            all += one.text + "\n";
    return all;
}

TEST(Presenter, SaysTheWordsOfTheWireframe)
{
    auto const shown = presented(example());
    EXPECT_EQ(shown.title, "osh — webshop · claude · daily");
    EXPECT_EQ(shown.place, "2 of 5");
    EXPECT_EQ(shown.sentence, "node (vite) wants to SEND DATA to");
    EXPECT_EQ(shown.host_prefix, "telemetry.");
    EXPECT_EQ(shown.host_owner, "example.com");
    EXPECT_EQ(shown.request, "POST /v1/events");
    EXPECT_EQ(
        shown.spoken, "node (vite) wants to SEND DATA to telemetry.example.com, POST /v1/events");
    EXPECT_EQ(line(shown.lines, "Started by"), "claude › bash › npm run dev › node");
    EXPECT_EQ(line(shown.lines, "Probably"), "vite usage statistics");
    EXPECT_EQ(line(shown.lines, "Blocked"), "no rule mentions this host");
    EXPECT_EQ(warnings(shown), "");
    EXPECT_EQ(shown.waiting, "3 requests, since 15:02:51 · denied in 42 s if no answer");
    EXPECT_EQ(shown.digest, "b64:shown");
}

TEST(Presenter, OffersTheNarrowestOfEachKind)
{
    auto const shown = presented(example());
    EXPECT_EQ(shown.deny.offer, "deny");
    EXPECT_EQ(shown.deny.duration, "once");
    EXPECT_EQ(shown.allow_once.offer, "req");
    EXPECT_EQ(shown.allow_once.duration, "once");
    EXPECT_EQ(shown.allow_session.offer, "write");
    EXPECT_EQ(shown.allow_session.duration, "session");
    EXPECT_EQ(shown.allow_session.label, "Allow sending, this session");
}

TEST(Presenter, NeverPutsAWideningOfferOnTheFace)
{
    auto queued = example();
    queued.question.offers.erase(queued.question.offers.begin() + 2); // leaves "all", marked more
    auto const shown = presented(queued);
    EXPECT_FALSE(shown.allow_session.is_offered());
    EXPECT_TRUE(shown.deny.is_offered());
}

TEST(Presenter, ChoosesTheVerbByTheWeightOfTheQuestion)
{
    auto verb = [](auto change) {
        auto queued = example();
        change(queued.question);
        return presented(queued).sentence;
    };
    EXPECT_EQ(verb([](auto& q) { q.target.access = "read"; }), "node (vite) wants to READ FROM");
    EXPECT_EQ(verb([](auto& q) { q.target.access = "connect"; }),
        "node (vite) wants an OPEN CONNECTION to");
    EXPECT_EQ(verb([](auto& q) { q.target.access = "unheard of"; }),
        "node (vite) wants an OPEN CONNECTION to");
    EXPECT_EQ(verb([](auto& q) { q.kind = "push"; }), "node (vite) wants to PUSH to");
    EXPECT_EQ(verb([](auto& q) {
        q.kind = "credential";
        q.credential = "github";
    }),
        "node (vite) wants to USE YOUR CREDENTIAL github at");
    EXPECT_EQ(verb([](auto& q) {
        q.target.ip = "192.0.2.1";
        q.target.method = "";
    }),
        "node (vite) wants to reach an ADDRESS THAT HAS NO NAME:");
    EXPECT_EQ(verb([](auto& q) { q.subject = {}; }),
        "A program that osh could not identify wants to SEND DATA to");
}

TEST(Presenter, WarnsInWords)
{
    auto queued = example();
    queued.question.credential = "github";
    queued.question.flags = {"binary-changed"};
    queued.question.state = "lapsed";
    queued.question.target.host = "exаmple.com"; // a Cyrillic letter
    queued.question.target.ascii = "xn--exmple-4nf.com";
    queued.question.target.registrable = "";
    auto const shown = presented(queued);
    EXPECT_EQ(warnings(shown), "Your credential github would be attached.\n"
                               "This name uses letters that look like others: xn--exmple-4nf.com\n"
                               "The program was changed since the session started.\n"
                               "The program gave up waiting. An answer counts for its next try.\n");
    EXPECT_EQ(shown.host_owner, "xn--exmple-4nf.com");
    EXPECT_EQ(shown.waiting, "3 requests, since 15:02:51");
}

TEST(Presenter, KeepsTheOwnerOfALongHostInSight)
{
    auto queued = example();
    std::string const long_name = "www.paypal.com." + std::string(180, 'a') + ".evil.example";
    queued.question.target.host = queued.question.target.ascii = long_name;
    queued.question.target.registrable = "evil.example";
    auto const shown = presented(queued);
    EXPECT_EQ(shown.host_owner, "evil.example");
    EXPECT_LE(shown.host_prefix.size(), 60u);
}

TEST(Presenter, BelievesARegistrablePartOnlyAtALabelBoundary)
{
    auto queued = example();
    queued.question.target.host = queued.question.target.ascii = "notexample.com";
    auto const shown = presented(queued);
    EXPECT_EQ(shown.host_prefix, "");
    EXPECT_EQ(shown.host_owner, "notexample.com");
}

// Everything a hostile agent, server or file name could put into a question comes out as one plain
// line of bounded length.
TEST(Presenter, LetsNoHostileTextThrough)
{
    for (std::string const& evil :
        {std::string("<b>x</b>\n\r\x1b[2J\x07"), std::string("\xe2\x80\xae\xe2\x80\x8b\xff\xfe"),
            std::string(10'000, 'A'), std::string("a\0b", 3)}) {
        auto queued = example();
        queued.session.project = queued.session.agent = queued.session.profile = evil;
        auto& q = queued.question;
        q.subject = {evil, evil, evil, evil, 1, evil, {evil, evil, evil, evil, evil, evil, evil},
            evil, evil};
        q.target = {evil, evil, 1, evil, evil, evil, evil, evil, "write"};
        q.why = {evil, evil};
        q.likely = control::Likely{evil, evil, true};
        q.agent_says = q.credential = q.deadline = q.first = evil;
        q.history = {{evil, evil, evil}};
        for (auto& offer : q.offers)
            offer.label = offer.covers = offer.rule = evil;
        auto const shown = presented(queued);
        std::vector<std::string> all{shown.title, shown.sentence, shown.host_prefix,
            shown.host_owner, shown.request, shown.spoken, shown.waiting, shown.deny.meaning,
            shown.allow_session.meaning};
        for (auto const& lines : {shown.lines, shown.details})
            for (auto const& one : lines)
                all.insert(all.end(), {one.label, one.text});
        for (auto const& text : all) {
            EXPECT_LT(text.size(), 1600u) << text;
            EXPECT_EQ(text.find_first_of(std::string("\n\r\x1b\x07\0", 5)), std::string::npos);
            EXPECT_EQ(text.find("\xe2\x80\xae"), std::string::npos);
            EXPECT_EQ(text.find("\xe2\x80\x8b"), std::string::npos);
        }
    }
}

TEST(Presenter, QuotesTheAgentInTheDetailsOnly)
{
    auto queued = example();
    queued.question.agent_says = "fetch release notes";
    auto const shown = presented(queued);
    EXPECT_EQ(line(shown.details, "The agent says"), "“fetch release notes”");
    EXPECT_EQ(line(shown.lines, "The agent says"), "(none)");
    EXPECT_EQ(line(shown.details, "Rule of “Allow node (vite) to send to this host”"),
        "- host: telemetry.example.com");
}

TEST(Presenter, SaysWhatBecameOfTheQuestion)
{
    auto const shown = presented(example());
    control::Reply ok;
    ok.ok = true;
    EXPECT_EQ(outcome_words(ok, shown, shown.deny), "Denied once: telemetry.example.com");
    EXPECT_EQ(outcome_words(ok, shown, shown.allow_once), "Allowed once: telemetry.example.com");
    EXPECT_EQ(outcome_words(ok, shown, shown.allow_session),
        "Allowed for this session: telemetry.example.com");
    control::Reply stale;
    stale.text = "the question changed while you looked at it";
    EXPECT_EQ(outcome_words(stale, shown, shown.allow_once),
        "Not applied: the question changed while you looked at it");
    EXPECT_EQ(gone_words({"q", "fe-1", "deny"}), "Answered elsewhere (fe-1): deny");
    EXPECT_EQ(gone_words({"q", "deadline", ""}), "The time is over. The request was denied.");
}

TEST(ParseTime, ReadsRfc3339InUtcAndNothingElse)
{
    EXPECT_EQ(parse_time("1970-01-02T00:00:01.250Z")->milliseconds, 86'401'250);
    EXPECT_EQ(parse_time("1970-01-02T00:00:01Z")->milliseconds, 86'401'000);
    for (auto const* text : {"", "2026", "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z",
             "2026-01-01 00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00",
             "2026-01-01T00:00:00.1Z", "2026-01-01T00:00:00+01:00"})
        EXPECT_FALSE(parse_time(text)) << text;
}

} // namespace
} // namespace osh::tray
