#pragma once
// Where sessions are: $XDG_RUNTIME_DIR/osh/<session>/ctl.sock. Says when one appears; that one has
// gone is the link's knowledge. Follows inotify(7) through QFileSystemWatcher.

#include <QFileSystemWatcher>
#include <QObject>
#include <QSet>
#include <QString>
#include <QTimer>

namespace osh::tray
{

class SessionFinder : public QObject
{
    Q_OBJECT

public:
    // `folder` holds one folder per session: see sessions_folder().
    SessionFinder(QString folder, QObject* parent);

    void scan();
    void forget(QString const& socket_path); // its link is closed; it may be found again

Q_SIGNALS:
    void found(QString const& socket_path);

private:
    void watch(QString const& directory);

    QString folder_;
    QFileSystemWatcher watcher_;
    QTimer rescan_;
    QSet<QString> known_;
};

// "…/osh" in $XDG_RUNTIME_DIR; without one, where osh-run(1) puts sessions then.
QString sessions_folder(QString const& runtime_directory, unsigned user);

} // namespace osh::tray
