#include "tray/approval_dialog.h"

#include "tests/tray/example.h"

#include <QAccessible>
#include <QApplication>
#include <QKeyEvent>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <gtest/gtest.h>
#include <random>

namespace osh::tray
{
namespace
{

// The clock is ours: no test waits.
class Dialog : public testing::Test
{
protected:
    Dialog() : dialog_([this] { return now_; }, ArmingDelays{})
    {
        QObject::connect(&dialog_, &ApprovalDialog::chosen,
            [this](Chosen const& chosen) { answers_.push_back(chosen); });
        QObject::connect(&dialog_, &ApprovalDialog::postponed, [this] { ++postponed_; });
        QObject::connect(&dialog_, &ApprovalDialog::dismissed, [this] { ++dismissed_; });
        ask();
        dialog_.show();
        dialog_.activateWindow();
        QApplication::processEvents();
    }

    void ask() { dialog_.show_question(present(example(), {2, 5}, example_time())); }
    void pass(Duration time) { now_ = now_ + time; }

    QPushButton* button(char const* name)
    {
        return dialog_.findChild<QPushButton*>(QLatin1String(name));
    }

    void key(QWidget* to, int code, bool is_repeat = false, QString const& text = {})
    {
        QKeyEvent press(QEvent::KeyPress, code, Qt::NoModifier, text, is_repeat);
        QApplication::sendEvent(to, &press);
        QKeyEvent release(QEvent::KeyRelease, code, Qt::NoModifier, text, is_repeat);
        QApplication::sendEvent(to, &release);
    }

    Instant now_{1'000'000'000'000};
    ApprovalDialog dialog_;
    std::vector<Chosen> answers_;
    int postponed_ = 0, dismissed_ = 0;
};

TEST_F(Dialog, AnswersWithTheDigestThatWasShown)
{
    pass(700ms);
    button("allow_session")->click();
    ASSERT_EQ(answers_.size(), 1u);
    EXPECT_EQ(answers_[0].question.digest, "b64:shown");
    EXPECT_EQ(answers_[0].question.key, (QuestionKey{"7f3a", "q-12"}));
    EXPECT_EQ(answers_[0].choice.offer, "write");
    EXPECT_EQ(answers_[0].choice.duration, "session");
}

TEST_F(Dialog, AnswersOnceHoweverOftenItIsClicked)
{
    pass(1s);
    button("deny")->click();
    button("allow_once")->click();
    ASSERT_EQ(answers_.size(), 1u);
    EXPECT_EQ(answers_[0].choice.offer, "deny");
}

TEST_F(Dialog, IgnoresClicksUntilArmed)
{
    for (int i = 0; i < 69; ++i) {
        for (auto const* name : {"deny", "allow_once", "allow_session"})
            button(name)->click();
        pass(10ms);
    }
    EXPECT_TRUE(answers_.empty());
    pass(10ms);
    button("allow_once")->click();
    EXPECT_EQ(answers_.size(), 1u);
}

TEST_F(Dialog, IsArmedAnewWhenTheQuestionChanges)
{
    pass(10s);
    ask();
    button("allow_once")->click();
    EXPECT_TRUE(answers_.empty());
    pass(700ms);
    button("allow_once")->click();
    EXPECT_EQ(answers_.size(), 1u);
}

TEST_F(Dialog, StartsOnTheSentenceAndHasNoDefaultButton)
{
    EXPECT_EQ(dialog_.focusWidget(), dialog_.findChild<QLabel*>(QStringLiteral("sentence")));
    for (auto const* one : dialog_.findChildren<QPushButton*>()) {
        EXPECT_FALSE(one->isDefault());
        EXPECT_FALSE(one->autoDefault());
    }
    EXPECT_TRUE(dialog_.testAttribute(Qt::WA_ShowWithoutActivating));
}

TEST_F(Dialog, DoesNotTakeSpaceOrEnterOnTheSentenceForAnAnswer)
{
    pass(10s);
    for (int const code : {Qt::Key_Space, Qt::Key_Return, Qt::Key_Enter}) {
        key(dialog_.focusWidget(), code);
        pass(10s);
    }
    EXPECT_TRUE(answers_.empty());
}

TEST_F(Dialog, TakesEnterOnAButtonThatWasChosenOnPurpose)
{
    pass(10s);
    button("allow_once")->setFocus();
    key(button("allow_once"), Qt::Key_Return);
    ASSERT_EQ(answers_.size(), 1u);
    EXPECT_EQ(answers_[0].choice.offer, "req");
}

TEST_F(Dialog, CannotBeAnsweredByHoldingAKey)
{
    pass(10s);
    button("allow_once")->setFocus();
    for (int i = 0; i < 100; ++i) {
        key(button("allow_once"), Qt::Key_Return, true);
        key(button("allow_once"), Qt::Key_Space, true);
        pass(30ms);
    }
    EXPECT_TRUE(answers_.empty());
}

TEST_F(Dialog, CannotBeAnsweredByTypingASentence)
{
    pass(10s);
    button("allow_once")->setFocus();
    for (char const letter : std::string("please allow this now ")) {
        bool const is_space = letter == ' ';
        key(button("allow_once"), is_space ? Qt::Key_Space : Qt::Key_A, false,
            QString(QLatin1Char(letter)));
        pass(120ms);
    }
    EXPECT_TRUE(answers_.empty());
}

// Rule of conduct, measured: a stream of typing around new questions answers none of them.
TEST_F(Dialog, GivesNoAnswerToTypingAtRandomTimes)
{
    std::mt19937 random(7);
    std::vector<int> const keys{Qt::Key_A, Qt::Key_Space, Qt::Key_Return, Qt::Key_Tab, Qt::Key_1,
        Qt::Key_Backspace, Qt::Key_Y};
    for (int run = 0; run < 10'000; ++run) {
        if (run % 50 == 0)
            ask();
        QWidget* to = dialog_.focusWidget();
        key(to == nullptr ? &dialog_ : to, keys[random() % keys.size()]);
        pass(std::chrono::milliseconds(40 + random() % 340));
    }
    EXPECT_TRUE(answers_.empty());
}

TEST_F(Dialog, MeansLaterByEscapeAndByClosing)
{
    pass(10s);
    key(dialog_.focusWidget(), Qt::Key_Escape);
    EXPECT_EQ(postponed_, 1);
    dialog_.close();
    EXPECT_EQ(dismissed_, 1);
    button("later")->click();
    EXPECT_EQ(postponed_, 2);
    EXPECT_TRUE(answers_.empty());
}

TEST_F(Dialog, GreysWhatIsNotOffered)
{
    auto queued = example();
    queued.question.offers.resize(2);
    dialog_.show_question(present(queued, {1, 1}, example_time()));
    pass(10s);
    EXPECT_FALSE(button("allow_session")->isEnabled());
    button("allow_session")->click();
    EXPECT_TRUE(answers_.empty());
}

TEST_F(Dialog, InterpretsNoMarkup)
{
    auto queued = example();
    queued.question.why.text = "<b>bold</b><img src=x>";
    queued.question.subject.program = "<h1>osh</h1>";
    dialog_.show_question(present(queued, {1, 1}, example_time()));
    for (auto const* label : dialog_.findChildren<QLabel*>()) {
        EXPECT_EQ(label->textFormat(), Qt::PlainText) << label->objectName().toStdString();
        EXPECT_FALSE(label->openExternalLinks());
    }
}

TEST_F(Dialog, PutsTheOutcomeInTheSamePlace)
{
    pass(1s);
    button("allow_session")->click();
    dialog_.show_outcome(
        QStringLiteral("Allowed"), ApprovalDialog::Undo::Yes, ApprovalDialog::Next::Yes);
    EXPECT_TRUE(button("undo")->isVisible());
    EXPECT_EQ(button("next")->text(), QStringLiteral("&Next request"));
    EXPECT_FALSE(button("deny")->isVisible());
    dialog_.end_undo();
    EXPECT_FALSE(button("undo")->isVisible());
}

TEST_F(Dialog, NamesEveryControlForAScreenReader)
{
    for (auto* widget : dialog_.findChildren<QWidget*>()) {
        bool const is_control = widget->focusPolicy() != Qt::NoFocus && widget->isVisible();
        if (!is_control || qobject_cast<QScrollArea*>(widget) != nullptr)
            continue;
        auto* accessible = QAccessible::queryAccessibleInterface(widget);
        ASSERT_NE(accessible, nullptr);
        EXPECT_FALSE(accessible->text(QAccessible::Name).isEmpty())
            << widget->objectName().toStdString();
    }
}

TEST_F(Dialog, MovesTheFocusInReadingOrder)
{
    std::vector<std::string> order;
    QWidget* at = dialog_.findChild<QLabel*>(QStringLiteral("sentence"));
    for (int i = 0; i < 40; ++i) {
        if (at->isVisible() && at->isEnabled() && (at->focusPolicy() & Qt::TabFocus))
            if (order.empty() || order.back() != at->objectName().toStdString())
                order.push_back(at->objectName().toStdString());
        at = at->nextInFocusChain();
        if (at->objectName() == QStringLiteral("sentence"))
            break;
    }
    EXPECT_EQ(order, (std::vector<std::string>{
                         "sentence", "details", "deny", "allow_once", "allow_session", "later"}));
}

} // namespace
} // namespace osh::tray
