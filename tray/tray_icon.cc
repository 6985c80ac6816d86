#include "tray/tray_icon.h"

#include "tray/sessions_window.h"

#include <QCoreApplication>
#include <QDBusConnection>
#include <QDBusMessage>
#include <QDBusPendingCallWatcher>
#include <QDBusPendingReply>
#include <QDBusVariant>
#include <QMenu>
#include <QPainter>

namespace osh::tray
{
namespace
{

constexpr int kIconSize = 64;
constexpr QLatin1String kWatcherName("org.kde.StatusNotifierWatcher");

// Idle is an outline, running is filled, waiting is another shape with its number: state is never
// in the colour alone.
QIcon picture(std::size_t sessions, std::size_t waiting)
{
    QPixmap pixmap(kIconSize, kIconSize);
    pixmap.fill(Qt::transparent);
    QPainter painter(&pixmap);
    painter.setRenderHint(QPainter::Antialiasing);
    painter.setPen(QPen(QColor(0x20, 0x60, 0x90), 6));
    if (sessions > 0)
        painter.setBrush(QColor(0x60, 0xa0, 0xd0));
    QRect const area(6, 6, kIconSize - 12, kIconSize - 12);
    if (waiting == 0) {
        painter.drawEllipse(area);
        return QIcon(pixmap);
    }
    painter.setBrush(QColor(0xff, 0xff, 0xff));
    painter.drawRect(area);
    QFont font = painter.font();
    font.setPixelSize(kIconSize * 5 / 8);
    font.setBold(true);
    painter.setFont(font);
    painter.drawText(area, Qt::AlignCenter,
        waiting > 9 ? QStringLiteral("+") : QString::number(static_cast<qulonglong>(waiting)));
    return QIcon(pixmap);
}

} // namespace

TrayIcon::TrayIcon(QObject* parent)
    : QObject(parent), watcher_(kWatcherName, QDBusConnection::sessionBus(),
                           QDBusServiceWatcher::WatchForRegistration)
{
    connect(&watcher_, &QDBusServiceWatcher::serviceRegistered, this, &TrayIcon::ask_for_host);
}

TrayIcon::~TrayIcon() = default;

void TrayIcon::look_for_tray()
{
    auto bus = QDBusConnection::sessionBus();
    if (!bus.isConnected())
        return;
    // A desktop that is still starting has the watcher before somebody draws its items.
    bus.connect(kWatcherName, QStringLiteral("/StatusNotifierWatcher"), kWatcherName,
        QStringLiteral("StatusNotifierHostRegistered"), this, SLOT(ask_for_host()));
    ask_for_host();
}

void TrayIcon::ask_for_host()
{
    auto question =
        QDBusMessage::createMethodCall(kWatcherName, QStringLiteral("/StatusNotifierWatcher"),
            QStringLiteral("org.freedesktop.DBus.Properties"), QStringLiteral("Get"));
    question << QString(kWatcherName) << QStringLiteral("IsStatusNotifierHostRegistered");
    question.setAutoStartService(false);
    auto* call =
        new QDBusPendingCallWatcher(QDBusConnection::sessionBus().asyncCall(question), this);
    connect(call, &QDBusPendingCallWatcher::finished, this, [this](QDBusPendingCallWatcher* done) {
        QDBusPendingReply<QDBusVariant> const reply = *done;
        done->deleteLater();
        if (!reply.isError() && reply.argumentAt<0>().variant().toBool())
            make_icon();
    });
}

void TrayIcon::make_icon()
{
    if (icon_ != nullptr || !QSystemTrayIcon::isSystemTrayAvailable())
        return;
    menu_ = std::make_unique<QMenu>();
    icon_ = std::make_unique<QSystemTrayIcon>();
    icon_->setContextMenu(menu_.get());
    connect(icon_.get(), &QSystemTrayIcon::activated, this,
        [this](QSystemTrayIcon::ActivationReason reason) {
            if (reason == QSystemTrayIcon::Context)
                return;
            if (waiting_ > 0)
                Q_EMIT review_asked();
            else
                Q_EMIT window_asked();
        });
    show_state(sessions_, waiting_);
    icon_->show();
    Q_EMIT appeared();
}

void TrayIcon::show_state(QList<policy::control::ServerHello> const& sessions, std::size_t waiting)
{
    sessions_ = sessions;
    waiting_ = waiting;
    if (icon_ == nullptr)
        return;
    auto const count = static_cast<std::size_t>(sessions.size());
    icon_->setIcon(picture(count, waiting));
    icon_->setToolTip(QStringLiteral("osh: ") + status_words(count, waiting));
    fill_menu();
}

void TrayIcon::fill_menu()
{
    menu_->clear();
    auto* review =
        menu_->addAction(waiting_ == 1 ? QStringLiteral("1 &request is waiting…")
                                       : QStringLiteral("%1 &requests are waiting…").arg(waiting_));
    review->setEnabled(waiting_ > 0);
    connect(review, &QAction::triggered, this, &TrayIcon::review_asked);
    menu_->addSeparator();
    for (auto const& session : sessions_) {
        // '&' is a mnemonic in a menu; a project may be called "a&b".
        auto words = session_words(session).replace(QStringLiteral("&"), QStringLiteral("&&"));
        connect(menu_->addAction(words), &QAction::triggered, this, &TrayIcon::window_asked);
    }
    menu_->addSeparator();
    connect(menu_->addAction(QStringLiteral("&Sessions…")), &QAction::triggered, this,
        &TrayIcon::window_asked);
    connect(menu_->addAction(
                QStringLiteral("&Quit (sessions keep running, questions end in a denial)")),
        &QAction::triggered, qApp, &QCoreApplication::quit);
}

} // namespace osh::tray
