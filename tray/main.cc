// osh-tray(1): wires sessions, questions and windows. Outside every sandbox; holds no policy and no
// secret.
#include "tray/sessions_window.h"
#include "tray/tray_app.h"
#include "tray/tray_icon.h"

#include <QApplication>
#include <QCommandLineParser>
#include <QTextStream>
#include <chrono>
#include <unistd.h>

namespace
{

using namespace osh;

Instant monotonic_now()
{
    auto const now = std::chrono::steady_clock::now().time_since_epoch();
    return Instant{std::chrono::duration_cast<std::chrono::nanoseconds>(now).count()};
}

constexpr int kMaxArmMilliseconds = 5000;

std::optional<tray::ArmingDelays> arming_delays(QCommandLineParser const& options)
{
    tray::ArmingDelays delays;
    if (!options.isSet(QStringLiteral("arm-delay")))
        return delays;
    bool is_number = false;
    int const wanted = options.value(QStringLiteral("arm-delay")).toInt(&is_number);
    if (!is_number || wanted < 0 || wanted > kMaxArmMilliseconds)
        return std::nullopt;
    delays.after_change = std::chrono::milliseconds(wanted);
    return delays;
}

int refuse(QString const& sentence)
{
    QTextStream(stderr) << "osh-tray: " << sentence << "\n";
    return 2;
}

void wire(tray::TrayApp& app, tray::TrayIcon& icon, tray::SessionsWindow& window)
{
    auto show = [&] {
        QList<tray::SessionRow> rows;
        for (auto const& session : app.sessions())
            rows.append({session, app.waiting_in(session.session)});
        window.show_sessions(rows);
        icon.show_state(app.sessions(), app.waiting());
    };
    QObject::connect(&app, &tray::TrayApp::changed, &window, show);
    QObject::connect(&app, &tray::TrayApp::noticed, &window, &tray::SessionsWindow::add_notice);
    QObject::connect(&window, &tray::SessionsWindow::review_asked, &app, &tray::TrayApp::review);
    QObject::connect(&icon, &tray::TrayIcon::review_asked, &app, &tray::TrayApp::review);
    QObject::connect(&icon, &tray::TrayIcon::window_asked, &window, &QWidget::show);
}

} // namespace

int main(int argc, char** argv)
{
    QApplication qt(argc, argv);
    QApplication::setApplicationName(QStringLiteral("osh-tray"));
    QApplication::setApplicationVersion(QStringLiteral(OSH_VERSION));
    QApplication::setDesktopFileName(QStringLiteral("osh-tray"));
    QCommandLineParser options;
    options.setApplicationDescription(QStringLiteral("Shows the questions of osh sessions."));
    options.addHelpOption();
    options.addVersionOption();
    options.addOption({QStringLiteral("window"), QStringLiteral("Show the list of sessions.")});
    options.addOption({QStringLiteral("arm-delay"),
        QStringLiteral("Wait this long before a button answers (0-5000, default 700)."),
        QStringLiteral("MS")});
    options.process(qt);
    auto const delays = arming_delays(options);
    if (!delays)
        return refuse(QStringLiteral("--arm-delay takes milliseconds from 0 to 5000"));
    QString const folder = tray::sessions_folder(qEnvironmentVariable("XDG_RUNTIME_DIR"), getuid());

    tray::TrayApp app(folder, monotonic_now, *delays);
    tray::SessionsWindow window;
    tray::TrayIcon icon(nullptr);
    wire(app, icon, window);
    // Without a tray the plain window is the only sign of life; with one it hides until asked for.
    QObject::connect(&icon, &tray::TrayIcon::appeared, &window, [&] {
        QApplication::setQuitOnLastWindowClosed(false);
        if (!options.isSet(QStringLiteral("window")))
            window.hide();
    });
    window.setAttribute(Qt::WA_ShowWithoutActivating);
    window.show();
    icon.look_for_tray();
    app.start();
    return QApplication::exec();
}
