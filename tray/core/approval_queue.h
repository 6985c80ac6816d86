#pragma once
// All questions of all sessions, and which one is on screen. Not what it looks like
// (approval_presenter) and not what happens to it (tray_app).
//
// Rules of conduct 8: one question at a time; those with a credential first, then writes, then the
// rest, then by age; the next one comes only by an explicit step, never under a moving finger.

#include "policy/messages/control.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace osh::tray
{

namespace control = policy::control;

// A session keeps at most 32 open questions and 64 lapsed ones; this holds many sessions.
inline constexpr std::size_t kMaxQueued = 512;

struct QuestionKey {
    std::string session, id;
    friend auto operator<=>(QuestionKey const&, QuestionKey const&) = default;
};

struct Queued {
    control::ServerHello session;
    control::Question question;
    std::uint64_t arrival = 0;
    bool is_set_aside = false; // the person said "later"

    QuestionKey key() const { return {session.session, question.id}; }
};

class ApprovalQueue
{
public:
    // New or changed. A changed question keeps its place and is no longer set aside.
    void put(control::ServerHello const& session, control::Question const& question);
    void remove(QuestionKey const& key);
    void remove_session(std::string const& session);

    // The one on screen; it stays until advance() or leave(), or null when it is gone.
    Queued const* current() const;
    bool has_current() const { return current_.has_value(); }
    void advance(); // to the best one that is not set aside, or to none
    void leave() { current_.reset(); }
    void set_aside(QuestionKey const& key);
    void set_all_aside();
    void review_all(); // what was set aside is asked again

    Queued const* find(QuestionKey const& key) const;
    std::size_t waiting() const { return entries_.size(); }
    std::size_t ready() const; // not set aside
    std::size_t waiting_in(std::string const& session) const;
    std::size_t position() const; // of the current one, from 1, in the order of asking

private:
    std::vector<Queued const*> in_order() const;

    std::vector<Queued> entries_;
    std::optional<QuestionKey> current_;
    std::uint64_t next_arrival_ = 1;
};

} // namespace osh::tray
