// The whole tray against a small session server that speaks the protocol over a real Unix socket.
#include "tray/tray_app.h"

#include "tests/tray/example.h"
#include "tray/qt_text.h"

#include <QApplication>
#include <QDir>
#include <QElapsedTimer>
#include <QLabel>
#include <QLocalServer>
#include <QLocalSocket>
#include <QPushButton>
#include <QTemporaryDir>
#include <functional>
#include <gtest/gtest.h>

namespace osh::tray
{
namespace
{

constexpr int kPatience = 5000; // milliseconds until a test gives up on an event

bool happens(std::function<bool()> const& condition)
{
    QElapsedTimer time;
    time.start();
    while (!condition()) {
        if (time.elapsed() > kPatience)
            return false;
        QApplication::processEvents(QEventLoop::AllEvents, 20);
    }
    return true;
}

class FakeSession
{
public:
    FakeSession(QString const& runtime, QString const& name)
        : directory_(runtime + QStringLiteral("/osh/") + name)
    {
        EXPECT_TRUE(QDir().mkpath(directory_));
        auto const mine = QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner;
        QFile::setPermissions(runtime + QStringLiteral("/osh"), mine);
        QFile::setPermissions(directory_, mine);
        EXPECT_TRUE(server_.listen(directory_ + QStringLiteral("/ctl.sock")));
        hello_ = example().session;
        hello_.session = from_qt(name);
        QObject::connect(&server_, &QLocalServer::newConnection, [this] {
            peer_ = server_.nextPendingConnection();
            QObject::connect(peer_, &QLocalSocket::readyRead, [this] { read(); });
            say(hello_);
        });
    }

    void say(control::FromServer const& message)
    {
        auto const line = control::encode_line(message);
        ASSERT_TRUE(line.ok() && peer_ != nullptr);
        peer_->write(line->data(), static_cast<qint64>(line->size()));
        peer_->flush();
    }

    void say_raw(QByteArray const& bytes)
    {
        peer_->write(bytes);
        peer_->flush();
    }

    void leave()
    {
        peer_->disconnectFromServer();
        server_.close();
    }

    template<typename Message>
    Message const* last() const
    {
        for (auto it = heard_.rbegin(); it != heard_.rend(); ++it)
            if (auto const* message = std::get_if<Message>(&*it))
                return message;
        return nullptr;
    }

private:
    void read()
    {
        QByteArray const bytes = peer_->readAll();
        ASSERT_TRUE(
            lines_.append({bytes.constData(), static_cast<std::size_t>(bytes.size())}).ok());
        while (auto line = lines_.next()) {
            auto message = control::decode_from_client(*line); // strict, as the session is
            ASSERT_TRUE(message.ok()) << *line;
            heard_.push_back(*message);
            if (std::holds_alternative<control::ClientHello>(*message))
                say(control::Welcome{"decide", "fe-1", 0, 0});
        }
    }

    QString directory_;
    QLocalServer server_;
    QLocalSocket* peer_ = nullptr;
    control::ServerHello hello_;
    control::LineBuffer lines_;
    std::vector<control::FromClient> heard_;
};

class App : public testing::Test
{
protected:
    App()
        : app_(
            sessions_folder(runtime_.path(), 0), [this] { return now_; }, ArmingDelays{})
    {
    }

    void connect(FakeSession& session)
    {
        app_.start();
        ASSERT_TRUE(happens([&] { return app_.sessions().size() > 0; }));
        ASSERT_NE(session.last<control::ClientHello>(), nullptr);
        EXPECT_EQ(session.last<control::ClientHello>()->role, "decide");
    }

    void ask(FakeSession& session, control::Question const& question)
    {
        session.say(question);
        ASSERT_TRUE(happens([&] { return app_.dialog().is_asking(); }));
        now_ = now_ + 1s;
    }

    QPushButton* button(char const* name)
    {
        return app_.dialog().findChild<QPushButton*>(QLatin1String(name));
    }
    QString outcome()
    {
        return app_.dialog().findChild<QLabel*>(QStringLiteral("outcome"))->text();
    }

    QTemporaryDir runtime_;
    Instant now_{1'000'000'000'000};
    TrayApp app_;
};

TEST_F(App, ShowsAQuestionAndSendsTheAnswerThatWasClicked)
{
    FakeSession session(runtime_.path(), QStringLiteral("7f3a"));
    connect(session);
    ask(session, example().question);
    EXPECT_TRUE(app_.dialog().isVisible());
    EXPECT_EQ(app_.waiting(), 1u);
    button("allow_session")->click();
    ASSERT_TRUE(happens([&] { return session.last<control::Answer>() != nullptr; }));
    auto const answer = *session.last<control::Answer>();
    EXPECT_EQ(answer.id, "q-12");
    EXPECT_EQ(answer.digest, "b64:shown");
    EXPECT_EQ(answer.offer, "write");
    EXPECT_EQ(answer.duration, "session");

    session.say(control::Reply{answer.n, true, "", "", "g-7", 2, 3});
    ASSERT_TRUE(happens([&] { return button("undo")->isVisible(); }));
    EXPECT_EQ(outcome(), QStringLiteral("Allowed for this session: telemetry.example.com"));
    EXPECT_EQ(app_.waiting(), 0u);
    button("undo")->click();
    ASSERT_TRUE(happens([&] { return session.last<control::Undo>() != nullptr; }));
    EXPECT_EQ(session.last<control::Undo>()->grant, "g-7");
}

TEST_F(App, FindsASessionThatStartsLater)
{
    app_.start();
    FakeSession session(runtime_.path(), QStringLiteral("b001"));
    EXPECT_TRUE(happens([&] { return app_.sessions().size() == 1; }));
}

TEST_F(App, StepsToTheNextQuestionOnlyWhenAsked)
{
    FakeSession session(runtime_.path(), QStringLiteral("7f3a"));
    connect(session);
    ask(session, example().question);
    auto second = example().question;
    second.id = "q-13";
    second.credential = "github";
    session.say(second);
    ASSERT_TRUE(happens([&] { return app_.waiting() == 2; }));
    EXPECT_EQ(app_.dialog().question().key.id, "q-12");
    EXPECT_EQ(app_.dialog().findChild<QLabel*>(QStringLiteral("place"))->text(),
        QStringLiteral("2 of 2"));
    button("deny")->click();
    ASSERT_TRUE(happens([&] { return session.last<control::Answer>() != nullptr; }));
    session.say(control::Reply{session.last<control::Answer>()->n, true});
    ASSERT_TRUE(happens([&] { return button("next")->isVisible(); }));
    EXPECT_FALSE(app_.dialog().is_asking());
    EXPECT_EQ(outcome(), QStringLiteral("Denied once: telemetry.example.com"));
    button("next")->click();
    EXPECT_EQ(app_.dialog().question().key.id, "q-13");
    button("allow_once")->click(); // at once: the window is not armed yet
    EXPECT_TRUE(app_.dialog().is_asking());
}

TEST_F(App, AnswersOnlyWhatWasShownWhenTheQuestionChanges)
{
    FakeSession session(runtime_.path(), QStringLiteral("7f3a"));
    connect(session);
    ask(session, example().question);
    auto changed = example().question;
    changed.rev = 4;
    changed.digest = "b64:other";
    changed.target.path = "/v2/upload";
    session.say(changed);
    ASSERT_TRUE(happens([&] { return app_.dialog().question().digest == "b64:other"; }));
    button("allow_once")->click();
    EXPECT_TRUE(app_.dialog().is_asking());
    now_ = now_ + 1s;
    button("allow_once")->click();
    ASSERT_TRUE(happens([&] { return session.last<control::Answer>() != nullptr; }));
    EXPECT_EQ(session.last<control::Answer>()->digest, "b64:other");
    session.say(control::Reply{session.last<control::Answer>()->n, false, "stale", "it changed"});
    ASSERT_TRUE(happens([&] { return outcome() == QStringLiteral("Not applied: it changed"); }));
    EXPECT_EQ(app_.waiting(), 1u); // asked again by a step
}

TEST_F(App, MovesTheCountOnWithoutAskingAnew)
{
    FakeSession session(runtime_.path(), QStringLiteral("7f3a"));
    connect(session);
    ask(session, example().question);
    auto counted = example().question;
    counted.rev = 4;
    counted.count = 8;
    counted.digest = "b64:eight";
    counted.offers[1].covers = "the 8 waiting requests";
    session.say(counted);
    auto* waiting = app_.dialog().findChild<QLabel*>(QStringLiteral("waiting"));
    ASSERT_TRUE(happens([&] { return waiting->text().startsWith(QStringLiteral("Waiting: 8")); }));
    EXPECT_TRUE(app_.dialog().is_armed());
    button("allow_once")->click();
    ASSERT_TRUE(happens([&] { return session.last<control::Answer>() != nullptr; }));
    EXPECT_EQ(session.last<control::Answer>()->digest, "b64:eight");
}

// The session tells everybody that the question is gone, us too, before it answers us.
TEST_F(App, KnowsItsOwnAnswerFromSomebodyElses)
{
    FakeSession session(runtime_.path(), QStringLiteral("7f3a"));
    connect(session);
    ask(session, example().question);
    button("allow_session")->click();
    ASSERT_TRUE(happens([&] { return session.last<control::Answer>() != nullptr; }));
    session.say(control::Gone{"q-12", "fe-1", "write"});
    session.say(control::Reply{session.last<control::Answer>()->n, true, "", "", "g-7"});
    ASSERT_TRUE(happens([&] { return button("undo")->isVisible(); }));
    EXPECT_EQ(outcome(), QStringLiteral("Allowed for this session: telemetry.example.com"));
}

TEST_F(App, SaysWhenSomebodyElseAnswered)
{
    FakeSession session(runtime_.path(), QStringLiteral("7f3a"));
    connect(session);
    ask(session, example().question);
    session.say(control::Gone{"q-12", "fe-2", "deny"});
    ASSERT_TRUE(happens([&] { return !app_.dialog().is_asking(); }));
    EXPECT_EQ(outcome(), QStringLiteral("Answered elsewhere (fe-2): deny"));
    EXPECT_EQ(app_.waiting(), 0u);
}

TEST_F(App, PutsAQuestionOffAndBringsItBackOnDemand)
{
    FakeSession session(runtime_.path(), QStringLiteral("7f3a"));
    connect(session);
    ask(session, example().question);
    button("later")->click();
    EXPECT_FALSE(app_.dialog().isVisible());
    ASSERT_TRUE(happens([&] { return session.last<control::Later>() != nullptr; }));
    EXPECT_EQ(session.last<control::Answer>(), nullptr);
    app_.review();
    EXPECT_TRUE(app_.dialog().isVisible());
    EXPECT_TRUE(app_.dialog().is_asking());
}

TEST_F(App, ForgetsASessionThatEnds)
{
    FakeSession session(runtime_.path(), QStringLiteral("7f3a"));
    connect(session);
    ask(session, example().question);
    session.leave();
    ASSERT_TRUE(happens([&] { return app_.sessions().isEmpty(); }));
    EXPECT_EQ(app_.waiting(), 0u);
    EXPECT_FALSE(app_.dialog().is_asking());
    EXPECT_EQ(outcome(), QStringLiteral("The session has ended."));
}

TEST_F(App, LeavesASessionThatTalksNonsense)
{
    FakeSession session(runtime_.path(), QStringLiteral("7f3a"));
    connect(session);
    session.say_raw("{\"t\":\"question\"}\n");
    EXPECT_TRUE(happens([&] { return app_.sessions().isEmpty(); }));
    EXPECT_FALSE(app_.dialog().isVisible());
}

TEST_F(App, SkipsWordsOfANewerSession)
{
    FakeSession session(runtime_.path(), QStringLiteral("7f3a"));
    connect(session);
    session.say_raw("{\"t\":\"stats\",\"cpu\":3}\n");
    ask(session, example().question);
    EXPECT_TRUE(app_.dialog().isVisible());
}

TEST(SessionsFolder, IsWhereSessionsAre)
{
    EXPECT_EQ(sessions_folder(QStringLiteral("/run/user/7"), 7), QStringLiteral("/run/user/7/osh"));
    EXPECT_EQ(sessions_folder(QStringLiteral("relative"), 7), QStringLiteral("/tmp/osh-7"));
    EXPECT_EQ(sessions_folder({}, 0), QStringLiteral("/run/osh"));
}

TEST_F(App, DoesNotEnterADirectoryThatOthersCanOpen)
{
    FakeSession session(runtime_.path(), QStringLiteral("7f3a"));
    QFile::setPermissions(runtime_.path() + QStringLiteral("/osh/7f3a"),
        QFile::ReadOwner | QFile::WriteOwner | QFile::ExeOwner | QFile::ExeOther);
    SessionFinder finder(sessions_folder(runtime_.path(), 0), nullptr);
    int found = 0;
    QObject::connect(&finder, &SessionFinder::found, [&] { ++found; });
    finder.scan();
    EXPECT_EQ(found, 0);
}

} // namespace
} // namespace osh::tray
