// The tray's tests run on Qt's offscreen platform: no display, no session bus.
#include <QApplication>
#include <cstdio>
#include <gtest/gtest.h>

namespace
{

// The offscreen platform says of every window that it does not support propagateSizeHints().
void print_unless_known(QtMsgType, QMessageLogContext const&, QString const& text)
{
    if (!text.contains(QStringLiteral("propagateSizeHints")))
        std::fprintf(stderr, "%s\n", qPrintable(text));
}

} // namespace

int main(int argc, char** argv)
{
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM"))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    testing::InitGoogleTest(&argc, argv);
    qInstallMessageHandler(print_unless_known);
    QApplication qt(argc, argv);
    return RUN_ALL_TESTS();
}
