// The desk's second half: what an answer does. Found acceptable first (choice_in), then applied.

#include "launcher/supervise/core/desk.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxAnsweredKept = 64; // to tell a late front end who was first

AnswerOutcome not_taken(std::string code, std::string text)
{
    AnswerOutcome outcome;
    outcome.code = std::move(code);
    outcome.text = std::move(text);
    return outcome;
}

} // namespace

AnswerOutcome Desk::answer(HumanAnswer const& answer, Moment moment)
{
    Entry* const entry = find(answer.question);
    if (entry == nullptr) {
        for (auto const& [id, who] : answered_)
            if (id == answer.question)
                return not_taken("answered", who);
        return not_taken("expired", "this question is no longer open");
    }
    auto choice = choice_in(*entry, answer);
    if (!choice.ok()) {
        bool const is_stale = choice.error().code == Errc::Busy;
        auto outcome = not_taken(is_stale ? "stale" : "not_offered", choice.error().sentence);
        if (is_stale)
            outcome.words.push_back(Show{entry->view});
        return outcome;
    }
    AnswerOutcome outcome;
    outcome.ok = true;
    if (choice->lasts && grants_.size() >= kMaxGrants)
        return not_taken("scope_too_wide", "this session has no room for more lasting answers");
    ++(choice->offer.effect == Effect::Allow ? counts_.allowed : counts_.denied);
    if (choice->lasts)
        answer_for_session(*entry, *choice, outcome);
    else
        answer_once(*entry, *choice, outcome, moment);
    go_on_or_close(answer, moment, outcome);
    return outcome;
}

// A question with nothing left behind it is closed; what came after the shown revision goes on as a
// new revision that needs its own answer.
void Desk::go_on_or_close(HumanAnswer const& answer, Moment moment, AnswerOutcome& outcome)
{
    Entry* const rest = find(answer.question);
    if (rest == nullptr)
        return;
    if (rest->waiting.empty()) {
        close(*rest, answer, outcome.words);
        return;
    }
    rest->shown.clear();
    auto const& next = rest->waiting.front();
    rest->question.target.method = rest->view.target.method = next.method;
    rest->question.target.path = rest->view.target.path = next.path;
    renew(*rest, moment);
    outcome.words.push_back(Show{rest->view});
}

Result<Desk::Choice> Desk::choice_in(Entry const& entry, HumanAnswer const& answer) const
{
    auto const known = std::find_if(entry.shown.begin(), entry.shown.end(),
        [&](Known const& shown) { return shown.digest == answer.digest; });
    if (known == entry.shown.end())
        return fail(Errc::Busy, "the question changed while you looked at it");
    auto const& offers = entry.view.offers;
    auto const offer = std::find_if(
        offers.begin(), offers.end(), [&](Offer const& o) { return o.id == answer.offer; });
    if (offer == offers.end())
        return fail(Errc::Invalid, "no such offer");
    auto const& durations = offer->durations;
    if (std::find(durations.begin(), durations.end(), answer.duration) == durations.end())
        return fail(Errc::Invalid, "this offer has no such duration");
    return Choice{*offer, answer.duration == "session", known->revision};
}

void Desk::answer_once(Entry& entry, Choice const& choice, AnswerOutcome& outcome, Moment moment)
{
    bool const allows = choice.offer.effect == Effect::Allow;
    auto const& target = entry.view.target;
    // "once" answers exactly what was counted in the revision that was shown. A refusal covers all
    // of them, a permission only those with the method and path that were read.
    std::erase_if(entry.waiting, [&](Waiting const& request) {
        bool const was_seen = request.revision <= choice.revision;
        bool const is_same = request.method == target.method && request.path == target.path;
        if (!was_seen || (allows && !is_same))
            return false;
        outcome.words.push_back(TellProxy{
            {request.proxy_question, allows, allows ? "" : "human_denied", entry.view.id}});
        ++outcome.released;
        return true;
    });
    if (allows && entry.view.state == QuestionState::Lapsed)
        passes_.push_back({entry.view.key, target.method, target.path, moment.now + kOnceLife});
}

void Desk::answer_for_session(Entry& entry, Choice const& choice, AnswerOutcome& outcome)
{
    auto const& key = entry.view.key;
    bool const is_program = choice.offer.what == "program";
    Grant grant;
    grant.id = fmt::format("g-{}", next_grant_++);
    grant.effect = choice.offer.effect;
    grant.program = key.program;
    grant.host = is_program ? "" : key.host;
    grant.port = is_program ? std::uint16_t{0} : key.port;
    if (choice.offer.what == "class")
        grant.access = key.access;
    grant.label = entry.view.summary;
    outcome.grant = grant.id;
    grants_.push_back(grant);
    settle_equal(grant, {"", entry.view.id, "", choice.offer.id, "session"}, outcome);
}

// A lasting answer also settles what waits elsewhere under it; a credential asks for itself.
void Desk::settle_equal(Grant const& grant, HumanAnswer const& answer, AnswerOutcome& outcome)
{
    bool const allows = grant.effect == Effect::Allow;
    std::vector<std::string> closed;
    for (auto& entry : entries_) {
        bool const is_asked_one = entry->view.id == answer.question;
        if (!grant.covers(entry->view.key)
            || (!is_asked_one && allows && !entry->view.credential.empty()))
            continue;
        for (auto const& request : entry->waiting)
            outcome.words.push_back(TellProxy{
                {request.proxy_question, allows, allows ? "" : "human_denied", grant.id}});
        outcome.released += static_cast<std::uint32_t>(entry->waiting.size());
        entry->waiting.clear();
        if (!is_asked_one)
            closed.push_back(entry->view.id);
    }
    for (auto const& id : closed)
        if (Entry* other = find(id))
            close(*other, answer, outcome.words);
}

void Desk::close(Entry const& entry, HumanAnswer const& answer, DeskWords& words)
{
    std::string const id = entry.view.id;
    words.push_back(Withdraw{id, answer.by, answer.offer});
    answered_.emplace_back(
        id, fmt::format("{} answered first: {} ({})",
                answer.by.empty() ? "another answer" : answer.by, answer.offer, answer.duration));
    if (answered_.size() > kMaxAnsweredKept)
        answered_.pop_front();
    std::erase_if(entries_, [&](auto const& other) { return other->view.id == id; });
}

bool Desk::undo(std::string const& grant)
{
    return std::erase_if(grants_, [&](Grant const& known) { return known.id == grant; }) > 0;
}

} // namespace osh::launcher
