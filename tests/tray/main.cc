// The tray's tests run on Qt's offscreen platform: no display, no session bus.
#include <QApplication>
#include <gtest/gtest.h>

int main(int argc, char** argv)
{
    if (qEnvironmentVariableIsEmpty("QT_QPA_PLATFORM"))
        qputenv("QT_QPA_PLATFORM", "offscreen");
    testing::InitGoogleTest(&argc, argv);
    QApplication qt(argc, argv);
    return RUN_ALL_TESTS();
}
