#pragma once
// Between our UTF-8 texts and Qt's.

#include <QString>
#include <string>
#include <string_view>

namespace osh::tray
{

inline QString to_qt(std::string_view text)
{
    return QString::fromUtf8(text.data(), static_cast<qsizetype>(text.size()));
}

inline std::string from_qt(QString const& text)
{
    QByteArray const bytes = text.toUtf8();
    return {bytes.constData(), static_cast<std::size_t>(bytes.size())};
}

} // namespace osh::tray
