#include "launcher/supervise/core/desk.h"

#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

Moment at(Duration since)
{
    return {Instant{1'000'000'000 + since.count()}, WallTime{1'700'000'000'000 + since / 1ms}};
}

DeskRules asking()
{
    DeskRules rules;
    rules.mode = policy::ApprovalMode::Ask;
    return rules;
}

policy::Question question(std::uint64_t id, std::string host = "docs.example.org",
    std::string method = "GET", std::string path = "/a")
{
    policy::Question asked;
    asked.id = id;
    asked.program.binary = "/usr/bin/curl";
    asked.target = {std::move(host), 443, "https", std::move(method), std::move(path), ""};
    asked.why_code = "no_rule";
    return asked;
}

std::vector<policy::Answer> answers_in(DeskWords const& words)
{
    std::vector<policy::Answer> answers;
    for (auto const& word : words)
        if (auto const* tell = std::get_if<TellProxy>(&word))
            answers.push_back(tell->answer);
    return answers;
}

AnswerOutcome answer(Desk& desk, std::string const& offer, std::string const& duration)
{
    auto const view = desk.open().front();
    return desk.answer({"fe-1", view.id, view.digest, offer, duration}, at(1s));
}

TEST(Desk, DeniesAtOnceWhenNobodyIsThere)
{
    Desk desk(asking());
    auto const answers = answers_in(desk.ask(question(1), at(0s), Attendance::Nobody));
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_FALSE(answers[0].allow);
    EXPECT_EQ(answers[0].decision, "unattended");
    EXPECT_TRUE(desk.open().empty());
}

TEST(Desk, DeniesEverythingInDenyMode)
{
    Desk desk(DeskRules{});
    EXPECT_FALSE(answers_in(desk.ask(question(1), at(0s), Attendance::Someone)).at(0).allow);
}

TEST(Desk, MergesEqualQuestionsAndKeepsOtherProgramsApart)
{
    Desk desk(asking());
    for (std::uint64_t id = 1; id <= 200; ++id)
        EXPECT_TRUE(answers_in(desk.ask(question(id), at(0s), Attendance::Someone)).empty());
    auto other = question(201);
    other.program.binary = "/usr/bin/wget";
    desk.ask(other, at(0s), Attendance::Someone);
    ASSERT_EQ(desk.open().size(), 2u);
    EXPECT_EQ(desk.open()[0].count, 200u);
}

TEST(Desk, KeepsReadingAndSendingApart)
{
    Desk desk(asking());
    desk.ask(question(1), at(0s), Attendance::Someone);
    desk.ask(question(2, "docs.example.org", "POST"), at(0s), Attendance::Someone);
    EXPECT_EQ(desk.open().size(), 2u);
}

TEST(Desk, AllowOnceReleasesOnlyWhatWasRead)
{
    Desk desk(asking());
    desk.ask(question(1), at(0s), Attendance::Someone);
    desk.ask(question(2, "docs.example.org", "GET", "/secret?x"), at(0s), Attendance::Someone);
    auto const outcome = answer(desk, "req", "once");
    EXPECT_TRUE(outcome.ok);
    ASSERT_EQ(answers_in(outcome.words).size(), 1u);
    EXPECT_EQ(answers_in(outcome.words)[0].question, 1u);
    ASSERT_EQ(desk.open().size(), 1u);
    EXPECT_EQ(desk.open()[0].target.path, "/secret?x");
}

TEST(Desk, AnAnswerToAnOlderRevisionLeavesWhatCameLater)
{
    Desk desk(asking());
    desk.ask(question(1), at(0s), Attendance::Someone);
    auto const seen = desk.open().front();
    desk.ask(question(2), at(0s), Attendance::Someone);
    auto const outcome = desk.answer({"fe-1", seen.id, seen.digest, "req", "once"}, at(1s));
    EXPECT_TRUE(outcome.ok);
    EXPECT_EQ(outcome.released, 1u);
    EXPECT_EQ(desk.open().front().count, 1u);
}

TEST(Desk, RefusesAStaleDigest)
{
    Desk desk(asking());
    desk.ask(question(1), at(0s), Attendance::Someone);
    auto const outcome =
        desk.answer({"fe-1", desk.open().front().id, "b64:other", "req", "once"}, at(1s));
    EXPECT_FALSE(outcome.ok);
    EXPECT_EQ(outcome.code, "stale");
    EXPECT_TRUE(answers_in(outcome.words).empty());
}

TEST(Desk, RefusesWhatWasNotOffered)
{
    Desk desk(asking());
    desk.ask(question(1), at(0s), Attendance::Someone);
    EXPECT_EQ(answer(desk, "req", "session").code, "not_offered");
    EXPECT_EQ(answer(desk, "read", "always").code, "not_offered");
    EXPECT_EQ(answer(desk, "everything", "once").code, "not_offered");
}

TEST(Desk, TellsTheSecondFrontEndWhoWasFirst)
{
    Desk desk(asking());
    desk.ask(question(1), at(0s), Attendance::Someone);
    auto const view = desk.open().front();
    EXPECT_TRUE(answer(desk, "deny", "once").ok);
    auto const late = desk.answer({"fe-2", view.id, view.digest, "req", "once"}, at(1s));
    EXPECT_FALSE(late.ok);
    EXPECT_EQ(late.code, "answered");
}

TEST(Desk, ASessionGrantAnswersLaterEqualQuestionsAtOnce)
{
    Desk desk(asking());
    desk.ask(question(1), at(0s), Attendance::Someone);
    EXPECT_EQ(answer(desk, "read", "session").grant, "g-1");
    auto const answers = answers_in(
        desk.ask(question(2, "docs.example.org", "GET", "/b"), at(2s), Attendance::Nobody));
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_TRUE(answers[0].allow);
    auto const sending =
        desk.ask(question(3, "docs.example.org", "POST"), at(2s), Attendance::Someone);
    EXPECT_TRUE(answers_in(sending).empty());
}

TEST(Desk, ASessionRefusalAsksNoMore)
{
    Desk desk(asking());
    desk.ask(question(1), at(0s), Attendance::Someone);
    answer(desk, "deny", "session");
    auto const answers = answers_in(desk.ask(question(2), at(2s), Attendance::Someone));
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers[0].decision, "human_denied");
}

TEST(Desk, UndoMakesItAQuestionAgain)
{
    Desk desk(asking());
    desk.ask(question(1), at(0s), Attendance::Someone);
    auto const grant = answer(desk, "read", "session").grant;
    EXPECT_TRUE(desk.undo(grant));
    EXPECT_FALSE(desk.undo(grant));
    EXPECT_TRUE(answers_in(desk.ask(question(2), at(2s), Attendance::Someone)).empty());
}

TEST(Desk, NoAnswerInTimeIsADenial)
{
    Desk desk(asking());
    desk.ask(question(1), at(0s), Attendance::Someone);
    EXPECT_EQ(desk.next_deadline(), at(55s).now);
    EXPECT_TRUE(answers_in(desk.tick(at(54s))).empty());
    auto const answers = answers_in(desk.tick(at(55s)));
    ASSERT_EQ(answers.size(), 1u);
    EXPECT_EQ(answers[0].decision, "expired");
    EXPECT_EQ(desk.open().front().state, QuestionState::Lapsed);
}

TEST(Desk, ALateAnswerCountsForTheNextTryOnce)
{
    Desk desk(asking());
    desk.ask(question(1), at(0s), Attendance::Someone);
    desk.gone(1, at(1s));
    EXPECT_TRUE(answer(desk, "req", "once").ok);
    EXPECT_TRUE(answers_in(desk.ask(question(2), at(3s), Attendance::Someone)).at(0).allow);
    EXPECT_TRUE(answers_in(desk.ask(question(3), at(4s), Attendance::Someone)).empty());
}

TEST(Desk, HoldsNoLongerThanClientsWait)
{
    policy::ApprovalProfile profile;
    profile.timeout = 600s;
    EXPECT_EQ(desk_rules(profile).timeout, kMaxHold);
}

TEST(Desk, AFloodIsDenied)
{
    auto rules = asking();
    rules.program_new_hosts = 1000;
    rules.per_minute = 1000;
    Desk desk(rules);
    std::size_t denied = 0;
    for (std::uint64_t id = 1; id <= 300; ++id) {
        auto const host = "h" + std::to_string(id) + ".example.org";
        for (auto const& told :
            answers_in(desk.ask(question(id, host), at(0s), Attendance::Someone)))
            denied += told.decision == "flood" ? 1 : 0;
    }
    EXPECT_EQ(desk.open().size(), 32u);
    EXPECT_EQ(denied, 268u);
}

TEST(Desk, AProgramWithManyNewHostsIsStopped)
{
    Desk desk(asking());
    for (std::uint64_t id = 1; id <= 10; ++id)
        desk.ask(
            question(id, "h" + std::to_string(id) + ".example.org"), at(0s), Attendance::Someone);
    auto const answers =
        answers_in(desk.ask(question(11, "h11.example.org"), at(0s), Attendance::Someone));
    EXPECT_EQ(answers.at(0).decision, "flood");
    EXPECT_TRUE(answers_in(desk.ask(question(12, "h12.example.org"), at(61s), Attendance::Someone))
                    .empty());
}

TEST(Desk, AnUnprovenProgramGetsNoLastingAnswer)
{
    Desk desk(asking());
    auto unknown = question(1);
    unknown.program.is_ambiguous = true;
    desk.ask(unknown, at(0s), Attendance::Someone);
    auto const view = desk.open().front();
    for (auto const& offer : view.offers)
        EXPECT_EQ(offer.durations, std::vector<std::string>{"once"});
}

TEST(Desk, AGrantDoesNotLendACredential)
{
    Desk desk(asking());
    desk.ask(question(1), at(0s), Attendance::Someone);
    answer(desk, "read", "session");
    auto credentialed = question(2);
    credentialed.credential = "github";
    EXPECT_TRUE(answers_in(desk.ask(credentialed, at(2s), Attendance::Someone)).empty());
}

} // namespace
} // namespace osh::launcher
