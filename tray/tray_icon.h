#pragma once
// The icon in the panel and its menu, where the desktop has a place for it. Qt 6.4 remembers its
// first look for a tray for the life of the process, so nothing here asks Qt before
// org.kde.StatusNotifierWatcher is on the bus and says that somebody shows its items.

#include "policy/messages/control.h"

#include <QDBusServiceWatcher>
#include <QList>
#include <QObject>
#include <QSystemTrayIcon>
#include <memory>

class QMenu;

namespace osh::tray
{

class TrayIcon : public QObject
{
    Q_OBJECT

public:
    explicit TrayIcon(QObject* parent);
    ~TrayIcon() override;

    void look_for_tray(); // says appeared() at once or later, if ever
    bool is_there() const { return icon_ != nullptr; }
    void show_state(QList<policy::control::ServerHello> const& sessions, std::size_t waiting);

Q_SIGNALS:
    void appeared();
    void review_asked();
    void window_asked();

private Q_SLOTS:
    void ask_for_host(); // a slot: QtDBus delivers to it by name

private:
    void make_icon();
    void fill_menu();

    QDBusServiceWatcher watcher_;
    std::unique_ptr<QMenu> menu_;
    std::unique_ptr<QSystemTrayIcon> icon_;
    QList<policy::control::ServerHello> sessions_;
    std::size_t waiting_ = 0;
};

} // namespace osh::tray
