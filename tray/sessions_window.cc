#include "tray/sessions_window.h"

#include "policy/base/text.h"
#include "tray/qt_text.h"

#include <QDateTime>
#include <QLabel>
#include <QListWidget>
#include <QPushButton>
#include <QVBoxLayout>
#include <fmt/core.h>

namespace osh::tray
{
namespace
{

constexpr int kMaxNotices = 100; // the oldest go
constexpr std::size_t kNameWidth = 40;

} // namespace

QString status_words(std::size_t sessions, std::size_t waiting)
{
    std::string words = sessions == 0   ? "no session is running"
                        : sessions == 1 ? "1 session"
                                        : fmt::format("{} sessions", sessions);
    if (waiting > 0)
        words +=
            waiting == 1 ? ", 1 request waiting" : fmt::format(", {} requests waiting", waiting);
    return to_qt(words);
}

QString session_words(policy::control::ServerHello const& session)
{
    return to_qt(fmt::format("{}   {}   {}   {}", shown(session.project, kNameWidth),
        shown(session.agent, kNameWidth), shown(session.profile, kNameWidth),
        shown(session.session, kNameWidth)));
}

SessionsWindow::SessionsWindow()
    : summary_(new QLabel(this)), sessions_(new QListWidget(this)),
      notices_label_(new QLabel(QStringLiteral("&Notices"), this)), notices_(new QListWidget(this)),
      review_(new QPushButton(QStringLiteral("&Review requests"), this))
{
    setWindowTitle(QStringLiteral("osh"));
    summary_->setTextFormat(Qt::PlainText);
    summary_->setObjectName(QStringLiteral("summary"));
    sessions_->setAccessibleName(QStringLiteral("Sessions"));
    notices_label_->setBuddy(notices_);
    notices_->setAccessibleName(QStringLiteral("Notices"));
    review_->setAutoDefault(false);
    connect(review_, &QPushButton::clicked, this, &SessionsWindow::review_asked);
    auto* layout = new QVBoxLayout(this);
    for (QWidget* part :
        std::initializer_list<QWidget*>{summary_, sessions_, review_, notices_label_, notices_})
        layout->addWidget(part);
    notices_label_->hide();
    notices_->hide();
    show_sessions({});
}

void SessionsWindow::show_sessions(QList<SessionRow> const& rows)
{
    std::size_t waiting = 0;
    sessions_->clear();
    for (auto const& row : rows) {
        waiting += row.waiting;
        QString words = session_words(row.session);
        if (row.waiting > 0)
            words += QStringLiteral("   %1 waiting").arg(row.waiting);
        sessions_->addItem(words);
    }
    summary_->setText(status_words(static_cast<std::size_t>(rows.size()), waiting));
    review_->setEnabled(waiting > 0);
}

void SessionsWindow::add_notice(QString const& text)
{
    QString const time = QDateTime::currentDateTime().toString(QStringLiteral("HH:mm:ss"));
    notices_->addItem(time + QStringLiteral("  ") + text);
    if (notices_->count() > kMaxNotices)
        delete notices_->takeItem(0);
    notices_label_->show();
    notices_->show();
}

} // namespace osh::tray
