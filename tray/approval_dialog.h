#pragma once
// The question window: shows a ShownQuestion, says which button was meant. It decides nothing,
// reads no protocol and keeps no list. Rules of conduct 1 to 6 of the approvals design: it never
// takes focus, has no default button, and closing it means "later".

#include "tray/core/approval_presenter.h"
#include "tray/core/arming.h"

#include <QTimer>
#include <QWidget>
#include <functional>

class QFormLayout;
class QLabel;
class QPushButton;
class QToolButton;

namespace osh::tray
{

class DecisionButton;

// What a person meant, with what stood on the screen when they meant it.
struct Chosen {
    ShownQuestion question;
    ShownChoice choice;
};

class ApprovalDialog : public QWidget
{
    Q_OBJECT

public:
    using Clock = std::function<Instant()>;

    ApprovalDialog(Clock clock, ArmingDelays delays);

    void show_question(ShownQuestion question);
    void move_on(ShownQuestion question); // says the same, counts more: stays armed
    void update_waiting(QString const& words);
    void update_place(QString const& words);
    // The question is over; `can_undo` and `has_next` say which buttons stand in its place.
    enum class Undo : bool { No, Yes };
    enum class Next : bool { No, Yes };
    void show_outcome(QString const& words, Undo undo, Next next);
    void set_next(Next next);
    void end_undo();
    void note_allowed() { arming_.allowed(clock_()); }

    ShownQuestion const& question() const { return question_; }
    bool is_asking() const { return is_asking_; }
    bool is_armed() const { return is_asking_ && isVisible() && arming_.is_armed(clock_()); }

Q_SIGNALS:
    void chosen(osh::tray::Chosen const& chosen);
    void postponed(); // Escape or Later: this one
    void dismissed(); // the window was closed: all of them, later
    void undo_asked();
    void next_asked();

protected:
    bool eventFilter(QObject* watched, QEvent* event) override;
    void keyPressEvent(QKeyEvent* event) override;
    void closeEvent(QCloseEvent* event) override;
    void showEvent(QShowEvent* event) override;

private:
    void build();
    QLabel* add_label(char const* name);
    QWidget* build_head();
    QWidget* build_host();
    QWidget* build_buttons();
    QWidget* build_outcome();
    void add_chords();
    void watch_keys();
    void fill_face();
    void fill_lines(QFormLayout* form, std::vector<ShownLine> const& lines);
    void put_choice(DecisionButton* button, ShownChoice const& choice);
    void decide(ShownChoice const& choice);
    void refresh_hint();

    Clock clock_; // monotonic
    Arming arming_;
    ShownQuestion question_;
    bool is_asking_ = false;
    QTimer hint_timer_;

    QLabel* session_ = nullptr;
    QLabel* place_ = nullptr;
    QLabel* sentence_ = nullptr;
    QLabel* host_prefix_ = nullptr;
    QLabel* host_owner_ = nullptr;
    QLabel* request_ = nullptr;
    QLabel* waiting_ = nullptr;
    QLabel* hint_ = nullptr;
    QLabel* outcome_ = nullptr;
    QWidget* lines_box_ = nullptr;
    QFormLayout* lines_ = nullptr;
    QToolButton* details_button_ = nullptr;
    QWidget* details_box_ = nullptr;
    QFormLayout* details_ = nullptr;
    QWidget* buttons_box_ = nullptr;
    QWidget* outcome_box_ = nullptr;
    DecisionButton* deny_ = nullptr;
    DecisionButton* allow_once_ = nullptr;
    DecisionButton* allow_session_ = nullptr;
    QPushButton* later_ = nullptr;
    QPushButton* undo_ = nullptr;
    QPushButton* next_ = nullptr;
};

} // namespace osh::tray
