#pragma once
// One connection to one session's control socket: lines in, messages out. It says what it heard and
// knows nothing of queues and windows. Design: control-protocol.

#include "policy/messages/control.h"

#include <QLocalSocket>
#include <QObject>
#include <string>

namespace osh::tray
{

class SessionLink : public QObject
{
    Q_OBJECT

public:
    SessionLink(QString socket_path, QObject* parent);

    void open() { socket_.connectToServer(path_); }
    QString const& path() const { return path_; }
    policy::control::ServerHello const& session() const { return hello_; }
    bool is_welcome() const { return is_welcome_; }
    bool send(policy::control::FromClient const& message);

Q_SIGNALS:
    void welcomed(osh::tray::SessionLink* link);
    void heard(osh::tray::SessionLink* link, osh::policy::control::FromServer const& message);
    void closed(osh::tray::SessionLink* link); // once; the link is of no use afterwards

private:
    void read();
    void take(std::string const& line);
    void end();

    QString path_;
    QLocalSocket socket_;
    policy::control::LineBuffer lines_;
    policy::control::ServerHello hello_;
    bool is_greeted_ = false;
    bool is_welcome_ = false;
    bool is_ended_ = false;
};

} // namespace osh::tray
