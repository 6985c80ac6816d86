#include "launcher/supervise/core/desk.h"

#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr Duration kRateWindow = 60s;
constexpr std::size_t kMaxProgramsWatched = 256; // for program_new_hosts; beyond: flood

policy::Answer refusal(policy::Question const& question, std::string decision, std::string id)
{
    return {question.id, false, std::move(decision), std::move(id)};
}

// What "this request" releases: the waiting ones with the shown method and path, no others.
template<typename Waiting>
std::uint32_t covered_by(std::vector<Waiting> const& waiting, policy::Target const& target)
{
    auto const count = std::count_if(waiting.begin(), waiting.end(), [&](Waiting const& request) {
        return request.method == target.method && request.path == target.path;
    });
    return static_cast<std::uint32_t>(std::max<std::ptrdiff_t>(count, 1));
}

} // namespace

bool Grant::covers(MergeKey const& key) const
{
    return program == key.program && (host.empty() || (host == key.host && port == key.port))
           && (!access || *access == key.access);
}

DeskRules desk_rules(policy::ApprovalProfile const& profile)
{
    DeskRules rules;
    rules.mode = profile.mode;
    rules.unattended = profile.unattended;
    rules.timeout = std::min(profile.timeout, kMaxHold);
    rules.max_scope = profile.max_scope;
    rules.waiting = profile.waiting;
    rules.per_minute = profile.per_minute;
    rules.program_new_hosts = profile.program_new_hosts;
    return rules;
}

DeskWords Desk::ask(policy::Question const& question, Moment moment, Attendance attendance)
{
    if (auto answer = settled(question, moment.now))
        return {TellProxy{*answer}};
    MergeKey const key = merge_key(question);
    for (auto& entry : entries_)
        if (entry->view.state == QuestionState::Held && entry->view.key == key
            && entry->question.credential == question.credential) {
            if (entry->waiting.size() >= kMaxRequestsPerQuestion) {
                ++counts_.flood;
                return {TellProxy{refusal(question, "flood", entry->view.id)}};
            }
            join(*entry, question, moment);
            return {Show{entry->view}};
        }
    if (auto answer = refused(question, moment, attendance))
        return {TellProxy{*answer}};
    return {Show{open_entry(question, moment).view}};
}

// By a grant or refusal of this session, or by an answer that came too late for the first try.
std::optional<policy::Answer> Desk::settled(policy::Question const& question, Instant now)
{
    MergeKey const key = merge_key(question);
    if (!is_unproven(question.program))
        for (Effect const effect : {Effect::Deny, Effect::Allow})
            for (auto& grant : grants_) {
                bool const needs_own_consent =
                    effect == Effect::Allow && !question.credential.empty();
                if (grant.effect != effect || needs_own_consent || !grant.covers(key))
                    continue;
                ++grant.used;
                if (effect == Effect::Deny)
                    return refusal(question, "human_denied", grant.id);
                return policy::Answer{question.id, true, "", grant.id};
            }
    std::erase_if(passes_, [now](OncePass const& pass) { return pass.until <= now; });
    for (auto pass = passes_.begin(); pass != passes_.end(); ++pass)
        if (pass->key == key && pass->method == question.target.method
            && pass->path == question.target.path && question.credential.empty()) {
            passes_.erase(pass);
            return policy::Answer{question.id, true, "", ""};
        }
    return std::nullopt;
}

std::optional<policy::Answer> Desk::refused(
    policy::Question const& question, Moment moment, Attendance attendance)
{
    bool const is_alone = attendance == Attendance::Nobody;
    if (rules_.mode == policy::ApprovalMode::Deny
        || (is_alone && rules_.unattended == policy::ApprovalMode::Deny
            && rules_.mode == policy::ApprovalMode::Ask)) {
        ++counts_.unattended;
        return refusal(question, "unattended", "");
    }
    if (is_flood(merge_key(question), moment.now)) {
        ++counts_.flood;
        return refusal(question, "flood", "");
    }
    if (rules_.mode == policy::ApprovalMode::Queue || is_alone) {
        // Denied now, kept for an answer that counts for the next try.
        Entry& entry = open_entry(question, moment);
        std::string const id = entry.view.id;
        entry.waiting.clear();
        lapse(entry, moment);
        ++counts_.unattended;
        return refusal(question, "unattended", id);
    }
    return std::nullopt;
}

bool Desk::is_flood(MergeKey const& key, Instant now)
{
    while (!recent_.empty() && recent_.front() + kRateWindow <= now)
        recent_.pop_front();
    auto const held = std::count_if(entries_.begin(), entries_.end(),
        [](auto const& entry) { return entry->view.state == QuestionState::Held; });
    if (recent_.size() >= rules_.per_minute || held >= static_cast<std::ptrdiff_t>(rules_.waiting))
        return true;
    if (!hosts_.contains(key.program) && hosts_.size() >= kMaxProgramsWatched)
        return true;
    auto& hosts = hosts_[key.program];
    std::erase_if(hosts, [now](auto const& host) { return host.second + kRateWindow <= now; });
    return !hosts.contains(key.host) && hosts.size() >= rules_.program_new_hosts;
}

Desk::Entry& Desk::open_entry(policy::Question const& question, Moment moment)
{
    auto entry = std::make_unique<Entry>();
    entry->question = question;
    auto& view = entry->view;
    view.id = fmt::format("q-{}", next_question_++);
    view.summary = summary_of(question);
    view.key = merge_key(question);
    view.program = question.program;
    view.target = question.target;
    view.why_code = question.why_code;
    view.why_text = question.why_text;
    view.credential = question.credential;
    view.first = moment.wall;
    view.revision = 0;
    auto& hosts = hosts_[view.key.program];
    hosts[view.key.host] = moment.now;
    entry->is_flood = hosts.size() >= rules_.program_new_hosts;
    if (view.key.access == AccessClass::Write)
        view.flags.push_back("write");
    if (!view.credential.empty())
        view.flags.push_back("credential");
    if (entry->is_flood)
        view.flags.push_back("flood");
    recent_.push_back(moment.now);
    ++counts_.asked;
    join(*entry, question, moment);
    // Held ones stand before lapsed ones.
    auto const place = std::find_if(entries_.begin(), entries_.end(),
        [](auto const& other) { return other->view.state == QuestionState::Lapsed; });
    return **entries_.insert(place, std::move(entry));
}

void Desk::join(Entry& entry, policy::Question const& question, Moment moment)
{
    entry.waiting.push_back({question.id, question.target.method, question.target.path,
        moment.now + rules_.timeout, entry.view.revision + 1});
    entry.view.last = moment.wall;
    renew(entry, moment);
}

void Desk::renew(Entry& entry, Moment moment)
{
    auto& view = entry.view;
    ++view.revision;
    view.count = static_cast<std::uint32_t>(entry.waiting.size());
    view.offers = offers_for(
        entry.question, {rules_.max_scope, covered_by(entry.waiting, view.target), entry.is_flood});
    if (!entry.waiting.empty()) {
        auto const left = entry.waiting.front().deadline - moment.now;
        view.deadline.milliseconds = moment.wall.milliseconds + left / 1ms;
    }
    view.digest = digest_of(view);
    entry.shown.push_back({view.digest, view.revision});
    if (entry.shown.size() > kMaxRevisionsKept)
        entry.shown.pop_front();
}

void Desk::lapse(Entry& entry, Moment moment)
{
    entry.view.state = QuestionState::Lapsed;
    entry.lapsed_until = moment.now + kLapsedLife;
    renew(entry, moment);
    auto const place = std::find_if(
        entries_.begin(), entries_.end(), [&](auto const& other) { return other.get() == &entry; });
    std::rotate(place, place + 1, entries_.end());
    auto const is_lapsed = [](auto const& other) {
        return other->view.state == QuestionState::Lapsed;
    };
    auto const first = std::find_if(entries_.begin(), entries_.end(), is_lapsed);
    if (entries_.end() - first > static_cast<std::ptrdiff_t>(kMaxLapsed))
        entries_.erase(first);
}

DeskWords Desk::gone(std::uint64_t proxy_question, Moment moment)
{
    for (auto& entry : entries_) {
        auto const count = std::erase_if(entry->waiting,
            [&](Waiting const& request) { return request.proxy_question == proxy_question; });
        if (count == 0)
            continue;
        std::string const id = entry->view.id;
        if (entry->waiting.empty())
            lapse(*entry, moment);
        else
            renew(*entry, moment);
        Entry* const still = find(id); // lapse() moves entries about
        return still == nullptr ? DeskWords{} : DeskWords{Show{still->view}};
    }
    return {};
}

DeskWords Desk::tick(Moment moment)
{
    DeskWords words;
    std::vector<Entry*> empty;
    for (auto& entry : entries_) {
        if (entry->view.state == QuestionState::Lapsed)
            continue;
        auto const before = entry->waiting.size();
        std::erase_if(entry->waiting, [&](Waiting const& request) {
            if (request.deadline > moment.now)
                return false;
            ++counts_.expired;
            words.push_back(TellProxy{{request.proxy_question, false, "expired", entry->view.id}});
            return true;
        });
        if (entry->waiting.empty())
            empty.push_back(entry.get());
        else if (entry->waiting.size() != before) {
            renew(*entry, moment);
            words.push_back(Show{entry->view});
        }
    }
    for (Entry* entry : empty) {
        std::string const id = entry->view.id;
        lapse(*entry, moment);
        if (Entry* still = find(id))
            words.push_back(Show{still->view});
    }
    std::erase_if(entries_, [&](auto const& entry) {
        bool const is_over =
            entry->view.state == QuestionState::Lapsed && entry->lapsed_until <= moment.now;
        if (is_over)
            words.push_back(Withdraw{entry->view.id, "", "expired"});
        return is_over;
    });
    return words;
}

Instant Desk::next_deadline() const
{
    Instant soonest = Instant::never();
    for (auto const& entry : entries_) {
        if (entry->view.state == QuestionState::Lapsed)
            soonest = std::min(soonest, entry->lapsed_until);
        for (auto const& request : entry->waiting)
            soonest = std::min(soonest, request.deadline);
    }
    return soonest;
}

std::vector<QuestionView> Desk::open() const
{
    std::vector<QuestionView> views;
    for (auto const& entry : entries_)
        views.push_back(entry->view);
    return views;
}

Desk::Entry* Desk::find(std::string const& id)
{
    for (auto& entry : entries_)
        if (entry->view.id == id)
            return entry.get();
    return nullptr;
}

} // namespace osh::launcher
