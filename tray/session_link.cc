#include "tray/session_link.h"

#include "tray/qt_text.h"

#include <QLocale>

namespace osh::tray
{
namespace
{

// What a session may send before we have read it; beyond it, its own slow-reader rule applies.
constexpr qint64 kReadBuffer = 4 * static_cast<qint64>(policy::control::kMaxLine);

} // namespace

namespace control = policy::control;

SessionLink::SessionLink(QString socket_path, QObject* parent)
    : QObject(parent), path_(std::move(socket_path))
{
    socket_.setReadBufferSize(kReadBuffer);
    connect(&socket_, &QLocalSocket::readyRead, this, &SessionLink::read);
    connect(&socket_, &QLocalSocket::disconnected, this, &SessionLink::end);
    connect(&socket_, &QLocalSocket::errorOccurred, this, &SessionLink::end);
}

bool SessionLink::send(control::FromClient const& message)
{
    auto line = control::encode_line(message);
    if (!line.ok() || socket_.state() != QLocalSocket::ConnectedState)
        return false;
    return socket_.write(line->data(), static_cast<qint64>(line->size())) > 0;
}

void SessionLink::read()
{
    while (!is_ended_ && socket_.bytesAvailable() > 0) {
        QByteArray const bytes = socket_.read(static_cast<qint64>(control::kMaxLine));
        if (!lines_.append({bytes.constData(), static_cast<std::size_t>(bytes.size())}).ok())
            return end();
        while (auto line = lines_.next()) {
            take(*line);
            if (is_ended_)
                return;
        }
    }
}

void SessionLink::take(std::string const& line)
{
    auto message = control::decode_from_server(line);
    if (!message.ok())
        return end(); // a server that speaks nonsense is not asked for sense
    if (auto const* hello = std::get_if<control::ServerHello>(&*message)) {
        if (is_greeted_ || hello->proto != control::kProtocol)
            return end();
        is_greeted_ = true;
        hello_ = *hello;
        send(control::ClientHello{control::kProtocol, "osh-tray/" OSH_VERSION, "decide",
            from_qt(QLocale().bcp47Name()), {"undo"}});
        return;
    }
    if (std::holds_alternative<control::Bye>(*message) || !is_greeted_)
        return end();
    if (std::holds_alternative<control::Welcome>(*message)) {
        is_welcome_ = true;
        Q_EMIT welcomed(this);
        return;
    }
    if (is_welcome_)
        Q_EMIT heard(this, *message);
}

void SessionLink::end()
{
    if (is_ended_)
        return;
    is_ended_ = true;
    socket_.abort();
    Q_EMIT closed(this);
}

} // namespace osh::tray
