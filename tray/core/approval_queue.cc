#include "tray/core/approval_queue.h"

#include <algorithm>
#include <tuple>

namespace osh::tray
{
namespace
{

int weight(control::Question const& question)
{
    if (!question.credential.empty() || question.kind == "credential")
        return 0;
    return question.target.access == "read" ? 2 : 1;
}

// Lapsed questions wait for nobody: they come after those whose client still holds.
auto rank(Queued const& entry)
{
    return std::tuple(
        entry.question.state == "held" ? 0 : 1, weight(entry.question), entry.arrival);
}

} // namespace

void ApprovalQueue::put(control::ServerHello const& session, control::Question const& question)
{
    QuestionKey const key{session.session, question.id};
    if (question.state == "closed")
        return remove(key);
    auto known = std::ranges::find(entries_, key, &Queued::key);
    if (known != entries_.end()) {
        // A counter that rose or a client that gave up is no reason to ask again.
        bool const is_reminder = known->question.digest == question.digest;
        known->is_set_aside = known->is_set_aside && is_reminder;
        known->question = question;
        return;
    }
    if (entries_.size() < kMaxQueued) // beyond it the session's deadline denies
        entries_.push_back({session, question, next_arrival_++, false});
}

void ApprovalQueue::remove(QuestionKey const& key)
{
    std::erase_if(entries_, [&](Queued const& entry) { return entry.key() == key; });
}

void ApprovalQueue::remove_session(std::string const& session)
{
    std::erase_if(entries_, [&](Queued const& entry) { return entry.session.session == session; });
}

Queued const* ApprovalQueue::find(QuestionKey const& key) const
{
    auto const found = std::ranges::find(entries_, key, &Queued::key);
    return found == entries_.end() ? nullptr : &*found;
}

Queued const* ApprovalQueue::current() const
{
    return current_ ? find(*current_) : nullptr;
}

std::vector<Queued const*> ApprovalQueue::in_order() const
{
    std::vector<Queued const*> order;
    for (auto const& entry : entries_)
        order.push_back(&entry);
    std::ranges::sort(order, {}, [](Queued const* entry) { return rank(*entry); });
    return order;
}

void ApprovalQueue::advance()
{
    current_.reset();
    for (auto const* entry : in_order()) {
        if (entry->is_set_aside)
            continue;
        current_ = entry->key();
        return;
    }
}

void ApprovalQueue::set_aside(QuestionKey const& key)
{
    for (auto& entry : entries_)
        if (entry.key() == key)
            entry.is_set_aside = true;
}

void ApprovalQueue::set_all_aside()
{
    for (auto& entry : entries_)
        entry.is_set_aside = true;
}

void ApprovalQueue::review_all()
{
    for (auto& entry : entries_)
        entry.is_set_aside = false;
}

std::size_t ApprovalQueue::ready() const
{
    return static_cast<std::size_t>(std::ranges::count(entries_, false, &Queued::is_set_aside));
}

std::size_t ApprovalQueue::waiting_in(std::string const& session) const
{
    return static_cast<std::size_t>(std::ranges::count_if(
        entries_, [&](Queued const& entry) { return entry.session.session == session; }));
}

std::size_t ApprovalQueue::position() const
{
    auto const order = in_order();
    auto const found = std::ranges::find(order, current());
    return found == order.end() ? 0 : static_cast<std::size_t>(found - order.begin()) + 1;
}

} // namespace osh::tray
