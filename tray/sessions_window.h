#pragma once
// The plain window for desktops without a tray: running sessions, what waits, what was noticed.

#include "policy/messages/control.h"

#include <QList>
#include <QWidget>

class QLabel;
class QListWidget;
class QPushButton;

namespace osh::tray
{

struct SessionRow {
    policy::control::ServerHello session;
    std::size_t waiting = 0;
};

class SessionsWindow : public QWidget
{
    Q_OBJECT

public:
    SessionsWindow();

    void show_sessions(QList<SessionRow> const& rows);
    void add_notice(QString const& text);

Q_SIGNALS:
    void review_asked();

private:
    QLabel* summary_;
    QListWidget* sessions_;
    QLabel* notices_label_;
    QListWidget* notices_;
    QPushButton* review_;
};

// "2 sessions, 1 request waiting"
QString status_words(std::size_t sessions, std::size_t waiting);
QString session_words(policy::control::ServerHello const& session);

} // namespace osh::tray
