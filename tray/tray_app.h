#pragma once
// Joins the parts: sessions are found, their questions queue up, one is shown, its answer goes
// back. What it looks like is the dialog's, what it says is the presenter's, who is next is the
// queue's.

#include "tray/approval_dialog.h"
#include "tray/core/approval_queue.h"
#include "tray/session_finder.h"
#include "tray/session_link.h"

#include <QList>
#include <QObject>
#include <optional>

namespace osh::tray
{

class TrayApp : public QObject
{
    Q_OBJECT

public:
    TrayApp(QString sessions_folder, ApprovalDialog::Clock clock, ArmingDelays delays);

    void start() { finder_.scan(); }
    void review(); // asked for by the person: also what was put off

    ApprovalDialog& dialog() { return dialog_; }
    QList<control::ServerHello> sessions() const;
    std::size_t waiting() const { return queue_.waiting(); }
    std::size_t waiting_in(std::string const& session) const { return queue_.waiting_in(session); }

Q_SIGNALS:
    void changed(); // sessions or the number of questions
    void noticed(QString const& text);

private:
    struct Sent { // an answer or an undo whose result is awaited
        std::uint64_t n = 0;
        SessionLink* link = nullptr;
        std::optional<Chosen> chosen; // absent: an undo
    };
    struct Undoable {
        SessionLink* link = nullptr;
        std::string grant;
    };

    void add_session(QString const& socket_path);
    void drop_session(SessionLink* link);
    void hear(SessionLink* link, control::FromServer const& message);
    void take(SessionLink* link, control::Question const& question);
    void take(SessionLink* link, control::Gone const& gone);
    void take(SessionLink* link, control::Reply const& reply);
    void take(SessionLink* link, control::Notice const& notice);
    void take(SessionLink* link, control::End const& end);
    void take(SessionLink*, auto const&) {} // nothing to show

    void answer(Chosen const& chosen);
    void undo();
    void postpone();
    void dismiss();
    void next();
    void show_current();
    void finish(QString const& words, ApprovalDialog::Undo undo);
    void tell_changed();
    void tick();
    SessionLink* link_of(std::string const& session) const;
    ApprovalDialog::Next more() const;

    SessionFinder finder_;
    QList<SessionLink*> links_;
    ApprovalQueue queue_;
    ApprovalDialog dialog_;
    std::uint64_t next_n_ = 1;
    std::optional<Sent> sent_;
    std::optional<Undoable> undoable_;
    QTimer second_;
    QTimer undo_time_;
};

} // namespace osh::tray
