#include "tray/tray_app.h"

#include "policy/base/text.h"
#include "tray/qt_text.h"

#include <QDateTime>

namespace osh::tray
{
namespace
{

constexpr int kUndoMilliseconds = 10'000; // rule of conduct 13

LocalTime local_time()
{
    QDateTime const now = QDateTime::currentDateTime();
    return {WallTime{now.toMSecsSinceEpoch()}, now.offsetFromUtc()};
}

} // namespace

TrayApp::TrayApp(QString sessions_folder, ApprovalDialog::Clock clock, ArmingDelays delays)
    : finder_(std::move(sessions_folder), nullptr), dialog_(std::move(clock), delays)
{
    connect(&finder_, &SessionFinder::found, this, &TrayApp::add_session);
    connect(&dialog_, &ApprovalDialog::chosen, this, &TrayApp::answer);
    connect(&dialog_, &ApprovalDialog::postponed, this, &TrayApp::postpone);
    connect(&dialog_, &ApprovalDialog::dismissed, this, &TrayApp::dismiss);
    connect(&dialog_, &ApprovalDialog::undo_asked, this, &TrayApp::undo);
    connect(&dialog_, &ApprovalDialog::next_asked, this, &TrayApp::next);
    second_.setInterval(1000);
    connect(&second_, &QTimer::timeout, this, &TrayApp::tick);
    undo_time_.setSingleShot(true);
    undo_time_.setInterval(kUndoMilliseconds);
    connect(&undo_time_, &QTimer::timeout, this, [this] {
        undoable_.reset();
        dialog_.end_undo();
        if (!queue_.has_current() && queue_.ready() == 0)
            dialog_.hide();
    });
}

QList<control::ServerHello> TrayApp::sessions() const
{
    QList<control::ServerHello> all;
    for (auto const* link : links_)
        if (link->is_welcome())
            all.append(link->session());
    return all;
}

void TrayApp::add_session(QString const& socket_path)
{
    auto* link = new SessionLink(socket_path, this);
    links_.append(link);
    connect(link, &SessionLink::welcomed, this, &TrayApp::tell_changed);
    connect(link, &SessionLink::heard, this, &TrayApp::hear);
    connect(link, &SessionLink::closed, this, &TrayApp::drop_session);
    link->open();
}

void TrayApp::drop_session(SessionLink* link)
{
    links_.removeAll(link);
    bool const is_shown =
        queue_.current() != nullptr && queue_.current()->session.session == link->session().session;
    queue_.remove_session(link->session().session);
    if (sent_ && sent_->link == link)
        sent_.reset();
    if (undoable_ && undoable_->link == link)
        undoable_.reset();
    if (is_shown)
        finish(QStringLiteral("The session has ended."), ApprovalDialog::Undo::No);
    finder_.forget(link->path());
    link->deleteLater();
    tell_changed();
}

SessionLink* TrayApp::link_of(std::string const& session) const
{
    for (auto* link : links_)
        if (link->is_welcome() && link->session().session == session)
            return link;
    return nullptr;
}

void TrayApp::hear(SessionLink* link, control::FromServer const& message)
{
    std::visit([&](auto const& word) { take(link, word); }, message);
}

void TrayApp::take(SessionLink* link, control::Question const& question)
{
    queue_.put(link->session(), question);
    tell_changed();
    auto const* current = queue_.current();
    bool const is_current = current != nullptr && current->question.id == question.id
                            && current->session.session == link->session().session;
    if (is_current && dialog_.is_asking()) {
        auto words = present(*current, {queue_.position(), queue_.waiting()}, local_time());
        if (says_the_same(words, dialog_.question()))
            dialog_.move_on(std::move(words));
        else
            dialog_.show_question(std::move(words)); // armed anew
        return;
    }
    if (!dialog_.isVisible() && queue_.ready() > 0)
        next();
    else if (!dialog_.is_asking())
        dialog_.set_next(more());
}

void TrayApp::take(SessionLink* link, control::Gone const& gone)
{
    QuestionKey const key{link->session().session, gone.id};
    bool const is_shown =
        dialog_.is_asking() && queue_.current() != nullptr && queue_.current()->key() == key;
    queue_.remove(key);
    if (is_shown)
        finish(to_qt(gone_words(gone)), ApprovalDialog::Undo::No);
    tell_changed();
}

void TrayApp::take(SessionLink* link, control::Reply const& reply)
{
    if (!sent_ || sent_->n != reply.n || sent_->link != link)
        return;
    Sent const sent = *std::move(sent_);
    sent_.reset();
    if (!sent.chosen) {
        auto const words =
            reply.ok ? std::string("Taken back.") : "Not taken back: " + shown(reply.text);
        return finish(to_qt(words), ApprovalDialog::Undo::No);
    }
    auto const& choice = sent.chosen->choice;
    bool const is_over = reply.ok || reply.code == "answered" || reply.code == "expired";
    if (is_over)
        queue_.remove(sent.chosen->question.key);
    if (reply.ok && choice.offer != sent.chosen->question.deny.offer)
        dialog_.note_allowed();
    if (reply.ok && !reply.grant.empty()) {
        undoable_ = Undoable{link, reply.grant};
        undo_time_.start();
    }
    finish(to_qt(outcome_words(reply, sent.chosen->question, choice)),
        undoable_ ? ApprovalDialog::Undo::Yes : ApprovalDialog::Undo::No);
    tell_changed();
}

void TrayApp::take(SessionLink* link, control::Notice const& notice)
{
    auto const words = shown(link->session().project, 40) + ": " + shown(notice.text, 200);
    Q_EMIT noticed(to_qt(words));
}

void TrayApp::take(SessionLink* link, control::End const&)
{
    queue_.remove_session(link->session().session); // the connection closes next
    tell_changed();
}

void TrayApp::answer(Chosen const& chosen)
{
    auto* link = link_of(chosen.question.key.session);
    std::uint64_t const n = next_n_++;
    control::Answer const answer{n, chosen.question.key.id, chosen.question.digest,
        chosen.choice.offer, chosen.choice.duration, ""};
    if (link == nullptr || !link->send(answer))
        return finish(QStringLiteral("The session has ended."), ApprovalDialog::Undo::No);
    undoable_.reset();
    sent_ = Sent{n, link, chosen};
}

void TrayApp::undo()
{
    if (!undoable_ || sent_)
        return;
    std::uint64_t const n = next_n_++;
    if (undoable_->link->send(control::Undo{n, undoable_->grant}))
        sent_ = Sent{n, undoable_->link, std::nullopt};
    undoable_.reset();
    dialog_.end_undo();
}

void TrayApp::finish(QString const& words, ApprovalDialog::Undo undo)
{
    queue_.leave();
    if (dialog_.isVisible())
        dialog_.show_outcome(words, undo, more());
    if (undo == ApprovalDialog::Undo::No)
        undo_time_.start(); // the window goes when nobody closes it
}

ApprovalDialog::Next TrayApp::more() const
{
    return queue_.ready() > 0 ? ApprovalDialog::Next::Yes : ApprovalDialog::Next::No;
}

void TrayApp::postpone()
{
    if (auto const* current = queue_.current()) {
        if (auto* link = link_of(current->session.session))
            link->send(control::Later{current->question.id});
        queue_.set_aside(current->key());
    }
    next();
}

void TrayApp::dismiss()
{
    queue_.set_all_aside();
    next();
}

void TrayApp::review()
{
    queue_.review_all();
    if (queue_.current() == nullptr)
        next();
    else
        dialog_.show();
}

void TrayApp::next()
{
    queue_.advance();
    if (queue_.current() == nullptr) {
        dialog_.hide();
        second_.stop();
        return;
    }
    show_current();
    second_.start();
    if (!dialog_.isVisible())
        dialog_.show();
}

void TrayApp::show_current()
{
    dialog_.show_question(
        present(*queue_.current(), {queue_.position(), queue_.waiting()}, local_time()));
}

void TrayApp::tick()
{
    auto const* current = queue_.current();
    if (!dialog_.is_asking() || current == nullptr)
        return;
    dialog_.update_waiting(to_qt(waiting_words(current->question, local_time())));
    dialog_.update_place(to_qt(place_words({queue_.position(), queue_.waiting()})));
}

void TrayApp::tell_changed()
{
    tick();
    Q_EMIT changed();
}

} // namespace osh::tray
