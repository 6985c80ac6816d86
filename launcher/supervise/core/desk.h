#pragma once
// The approval desk: questions from netproxy in, answers of people in, words for both out. Pure:
// time comes in, nothing is kept outside. It merges equal questions, limits their rate, remembers
// grants and refusals of this session, and denies whatever nobody allowed.
//
// Design: approvals (rules of conduct 7, 9, 10), control-protocol (deciding rules), security H18.

#include "launcher/supervise/core/question_view.h"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <utility>
#include <variant>

namespace osh::launcher
{

inline constexpr std::size_t kMaxRequestsPerQuestion = 256; // held flows behind one question
inline constexpr std::size_t kMaxGrants = 512;              // rules of one session
inline constexpr std::size_t kMaxLapsed = 64;               // shown as missed, oldest forgotten
inline constexpr std::size_t kMaxRevisionsKept = 8;         // an answer may name one of these
inline constexpr Duration kMaxHold = 55s;                   // longer than this clients give up
inline constexpr Duration kLapsedLife = 600s;
inline constexpr Duration kOnceLife = 60s; // an answer that came too late counts for one retry

struct DeskRules {
    policy::ApprovalMode mode = policy::ApprovalMode::Deny;
    policy::ApprovalMode unattended = policy::ApprovalMode::Deny;
    Duration timeout = kMaxHold;
    policy::GrantScope max_scope = policy::GrantScope::Session;
    std::uint32_t waiting = 32, per_minute = 30, program_new_hosts = 10;
};
DeskRules desk_rules(policy::ApprovalProfile const& profile);

struct Moment {
    Instant now;
    WallTime wall;
};

enum class Attendance { Nobody, Someone };

// ---- what the desk says
struct TellProxy {
    policy::Answer answer;
};
struct Show { // new or changed
    QuestionView question;
};
struct Withdraw {
    std::string id, by, offer;
};
struct Remark {
    std::string code, text;
};
using DeskWord = std::variant<TellProxy, Show, Withdraw, Remark>;
using DeskWords = std::vector<DeskWord>;

struct HumanAnswer {
    std::string by; // "fe-1"
    std::string question, digest, offer, duration;
};

struct AnswerOutcome {
    bool ok = false;
    std::string code, text; // when not ok: stale, answered, expired, not_offered
    std::string grant;      // "g-7" for answers that last
    std::uint32_t released = 0;
    DeskWords words;
};

struct Grant {
    std::string id; // "g-7"
    Effect effect = Effect::Deny;
    std::string program; // identity
    std::string host;    // "": any host (deny-program)
    std::uint16_t port = 0;
    std::optional<AccessClass> access; // absent: any
    std::string label;
    std::uint32_t used = 0;

    bool covers(MergeKey const& key) const;
};

struct DeskCounts { // for the end summary
    std::uint32_t asked = 0, allowed = 0, denied = 0, expired = 0, unattended = 0, flood = 0;
};

class Desk
{
public:
    explicit Desk(DeskRules rules) : rules_(rules) {}

    DeskWords ask(policy::Question const& question, Moment moment, Attendance attendance);
    DeskWords gone(std::uint64_t proxy_question, Moment moment);
    AnswerOutcome answer(HumanAnswer const& answer, Moment moment);
    DeskWords tick(Moment moment);
    bool undo(std::string const& grant);

    Instant next_deadline() const;
    std::vector<QuestionView> open() const; // oldest first, lapsed ones after the held ones
    std::vector<Grant> const& grants() const { return grants_; }
    DeskCounts const& counts() const { return counts_; }

private:
    struct Waiting {
        std::uint64_t proxy_question = 0;
        std::string method, path;
        Instant deadline;
        std::uint32_t revision = 1; // in which it was first counted
    };
    struct Known { // a revision that was shown
        std::string digest;
        std::uint32_t revision = 1;
    };
    struct Entry {
        policy::Question question; // the first of its kind: what is shown
        QuestionView view;
        std::vector<Waiting> waiting;
        std::deque<Known> shown;
        bool is_flood = false;
        Instant lapsed_until; // when lapsed
    };
    struct OncePass { // an answer that came after the client had gone
        MergeKey key;
        std::string method, path;
        Instant until;
    };

    std::optional<policy::Answer> settled(policy::Question const& question, Instant now);
    std::optional<policy::Answer> refused(
        policy::Question const& question, Moment moment, Attendance attendance);
    bool is_flood(MergeKey const& key, Instant now);
    Entry& open_entry(policy::Question const& question, Moment moment);
    void join(Entry& entry, policy::Question const& question, Moment moment);
    void renew(Entry& entry, Moment moment);
    void lapse(Entry& entry, Moment moment);
    struct Choice { // an answer that was found acceptable
        Offer offer;
        bool lasts = false;
        std::uint32_t revision = 1; // that the person saw
    };
    Result<Choice> choice_in(Entry const& entry, HumanAnswer const& answer) const;
    void go_on_or_close(HumanAnswer const& answer, Moment moment, AnswerOutcome& outcome);
    void answer_once(Entry& entry, Choice const& choice, AnswerOutcome& outcome, Moment moment);
    void answer_for_session(Entry& entry, Choice const& choice, AnswerOutcome& outcome);
    void settle_equal(Grant const& grant, HumanAnswer const& answer, AnswerOutcome& outcome);
    void close(Entry const& entry, HumanAnswer const& answer, DeskWords& words);
    Entry* find(std::string const& id);

    DeskRules rules_;
    std::uint64_t next_question_ = 1, next_grant_ = 1;
    std::vector<std::unique_ptr<Entry>> entries_; // held first come, first served; then lapsed
    std::vector<Grant> grants_;
    std::vector<OncePass> passes_;
    std::deque<Instant> recent_; // of new questions, for per_minute
    std::map<std::string, std::map<std::string, Instant>> hosts_; // of a program, lately
    std::deque<std::pair<std::string, std::string>> answered_;    // question id, who and what
    DeskCounts counts_;
};

} // namespace osh::launcher
