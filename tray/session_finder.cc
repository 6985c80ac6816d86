#include "tray/session_finder.h"

#include <QDir>
#include <QFileInfo>

#include <unistd.h>

namespace osh::tray
{
namespace
{

constexpr int kMaxSessions = 64; // links of one tray
// Between making a socket file and listening on it there is a moment that no watch reports.
constexpr int kRescanMilliseconds = 1000;

// Only what the session's rules promise: ours, and closed to everybody else.
bool is_private(QString const& directory)
{
    QFileInfo const info(directory);
    auto const others = QFile::ReadGroup | QFile::WriteGroup | QFile::ExeGroup | QFile::ReadOther
                        | QFile::WriteOther | QFile::ExeOther;
    return info.isDir() && !info.isSymLink() && info.ownerId() == getuid()
           && !(info.permissions() & others);
}

} // namespace

SessionFinder::SessionFinder(QString folder, QObject* parent)
    : QObject(parent), folder_(std::move(folder))
{
    connect(&watcher_, &QFileSystemWatcher::directoryChanged, this, &SessionFinder::scan);
    connect(&rescan_, &QTimer::timeout, this, &SessionFinder::scan);
    rescan_.setSingleShot(true);
    rescan_.setInterval(kRescanMilliseconds);
}

void SessionFinder::watch(QString const& directory)
{
    if (!watcher_.directories().contains(directory))
        watcher_.addPath(directory);
}

void SessionFinder::scan()
{
    if (!QFileInfo::exists(folder_))
        return watch(QFileInfo(folder_).path()); // the first session makes it
    if (!is_private(folder_))
        return;
    watch(folder_);
    QDir const folder(folder_);
    for (auto const& name : folder.entryList(QDir::Dirs | QDir::NoDotAndDotDot, QDir::Name)) {
        QString const directory = folder.filePath(name);
        QString const socket = directory + QStringLiteral("/ctl.sock");
        if (!is_private(directory) || known_.size() >= kMaxSessions)
            continue;
        watch(directory);
        if (known_.contains(socket) || !QFileInfo::exists(socket))
            continue;
        known_.insert(socket);
        Q_EMIT found(socket);
    }
}

QString sessions_folder(QString const& runtime_directory, unsigned user)
{
    if (runtime_directory.startsWith(QLatin1Char('/')))
        return runtime_directory + QStringLiteral("/osh");
    return user == 0 ? QStringLiteral("/run/osh") : QStringLiteral("/tmp/osh-%1").arg(user);
}

void SessionFinder::forget(QString const& socket_path)
{
    known_.remove(socket_path);
    if (QFileInfo::exists(socket_path))
        rescan_.start();
}

} // namespace osh::tray
