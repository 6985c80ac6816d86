#include "tray/approval_dialog.h"

#include "tray/decision_button.h"
#include "tray/qt_text.h"

#include <QCloseEvent>
#include <QFormLayout>
#include <QKeyEvent>
#include <QLabel>
#include <QPushButton>
#include <QScrollArea>
#include <QShortcut>
#include <QToolButton>
#include <QVBoxLayout>

namespace osh::tray
{
namespace
{

constexpr int kHintMilliseconds = 50;   // how soon the armed state is seen
constexpr int kDetailsHeight = 220;     // then it scrolls
constexpr int kFaceWidth = 560;         // at the usual font; grows with the text
constexpr double kSentenceScale = 1.25; // the largest text of the face

bool is_only_a_modifier(int key)
{
    return key == Qt::Key_Shift || key == Qt::Key_Control || key == Qt::Key_Alt
           || key == Qt::Key_AltGr || key == Qt::Key_Meta;
}

QFont scaled(QFont font, double scale)
{
    font.setPointSizeF(font.pointSizeF() * scale);
    return font;
}

void clear(QFormLayout* form)
{
    while (form->rowCount() > 0)
        form->removeRow(0);
}

} // namespace

ApprovalDialog::ApprovalDialog(Clock clock, ArmingDelays delays)
    : QWidget(nullptr, Qt::Dialog), clock_(std::move(clock)), arming_(delays)
{
    setObjectName(QStringLiteral("approval"));
    setAttribute(Qt::WA_ShowWithoutActivating); // rule of conduct 1
    setAttribute(Qt::WA_QuitOnClose, false);
    build();
    add_chords();
    watch_keys();
    hint_timer_.setInterval(kHintMilliseconds);
    connect(&hint_timer_, &QTimer::timeout, this, &ApprovalDialog::refresh_hint);
}

// Every text is plain: hostile words must stay words (flatpak CVE-2023-28101).
QLabel* ApprovalDialog::add_label(char const* name)
{
    auto* label = new QLabel(this);
    label->setObjectName(QLatin1String(name));
    label->setTextFormat(Qt::PlainText);
    label->setTextInteractionFlags(Qt::NoTextInteraction);
    return label;
}

void ApprovalDialog::build()
{
    sentence_ = add_label("sentence");
    sentence_->setWordWrap(true);
    sentence_->setFont(scaled(font(), kSentenceScale));
    sentence_->setFocusPolicy(Qt::StrongFocus); // focus starts here, on no button
    request_ = add_label("request");
    request_->setIndent(24);
    lines_box_ = new QWidget(this);
    lines_ = new QFormLayout(lines_box_);
    lines_->setContentsMargins(0, 0, 0, 0);
    waiting_ = add_label("waiting");
    details_button_ = new QToolButton(this);
    details_button_->setObjectName(QStringLiteral("details"));
    details_button_->setText(QStringLiteral("De&tails"));
    details_button_->setCheckable(true);
    details_button_->setArrowType(Qt::RightArrow);
    details_button_->setToolButtonStyle(Qt::ToolButtonTextBesideIcon);
    details_button_->setAutoRaise(true);
    details_box_ = new QWidget(this);
    details_ = new QFormLayout(details_box_);
    auto* scroll = new QScrollArea(this);
    scroll->setWidget(details_box_);
    scroll->setWidgetResizable(true);
    scroll->setMinimumHeight(kDetailsHeight);
    scroll->hide();
    connect(details_button_, &QToolButton::toggled, scroll, &QWidget::setVisible);
    connect(details_button_, &QToolButton::toggled, this, [this](bool is_open) {
        details_button_->setArrowType(is_open ? Qt::DownArrow : Qt::RightArrow);
        arming_.changed(clock_()); // the buttons moved
        adjustSize();
    });
    auto* layout = new QVBoxLayout(this);
    auto* buttons = build_buttons();
    auto* outcome = build_outcome();
    for (QWidget* part : std::initializer_list<QWidget*>{build_head(), sentence_, build_host(),
             request_, lines_box_, waiting_, details_button_, scroll, buttons, outcome})
        layout->addWidget(part);
    setMinimumWidth(kFaceWidth);
}

QWidget* ApprovalDialog::build_head()
{
    session_ = add_label("session");
    place_ = add_label("place");
    place_->setAlignment(Qt::AlignRight);
    auto* head = new QWidget(this);
    auto* head_row = new QHBoxLayout(head);
    head_row->setContentsMargins(0, 0, 0, 0);
    head_row->addWidget(session_, 1);
    head_row->addWidget(place_);
    return head;
}

QWidget* ApprovalDialog::build_host()
{
    auto* row = new QWidget(this);
    auto* layout = new QHBoxLayout(row);
    layout->setContentsMargins(24, 4, 0, 4);
    layout->setSpacing(0);
    host_prefix_ = add_label("host_prefix");
    host_owner_ = add_label("host_owner");
    QFont bold = scaled(font(), kSentenceScale);
    host_prefix_->setFont(bold);
    bold.setBold(true);
    host_owner_->setFont(bold);
    layout->addWidget(host_prefix_);
    layout->addWidget(host_owner_);
    layout->addStretch();
    return row;
}

QWidget* ApprovalDialog::build_buttons()
{
    buttons_box_ = new QWidget(this);
    auto* column = new QVBoxLayout(buttons_box_);
    column->setContentsMargins(0, 0, 0, 0);
    auto* row = new QHBoxLayout;
    auto make = [&](char const* name, ShownChoice const& choice) {
        auto* button = new DecisionButton([this] { return is_armed(); }, buttons_box_);
        button->setObjectName(QLatin1String(name));
        connect(button, &DecisionButton::decided, this, [this, &choice] { decide(choice); });
        row->addWidget(button);
        return button;
    };
    deny_ = make("deny", question_.deny);
    allow_once_ = make("allow_once", question_.allow_once);
    allow_session_ = make("allow_session", question_.allow_session);
    auto* foot = new QHBoxLayout;
    hint_ = add_label("hint");
    later_ = new QPushButton(QStringLiteral("&Later (Esc)"), buttons_box_);
    later_->setObjectName(QStringLiteral("later"));
    later_->setAutoDefault(false);
    connect(later_, &QPushButton::clicked, this, &ApprovalDialog::postponed);
    foot->addWidget(hint_, 1);
    foot->addWidget(later_);
    column->addLayout(row);
    column->addLayout(foot);
    return buttons_box_;
}

QWidget* ApprovalDialog::build_outcome()
{
    outcome_box_ = new QWidget(this);
    auto* row = new QHBoxLayout(outcome_box_);
    row->setContentsMargins(0, 0, 0, 0);
    outcome_ = add_label("outcome");
    outcome_->setWordWrap(true);
    undo_ = new QPushButton(QStringLiteral("&Undo"), outcome_box_);
    undo_->setObjectName(QStringLiteral("undo"));
    next_ = new QPushButton(outcome_box_);
    next_->setObjectName(QStringLiteral("next"));
    for (auto* button : {undo_, next_})
        button->setAutoDefault(false);
    connect(undo_, &QPushButton::clicked, this, &ApprovalDialog::undo_asked);
    connect(next_, &QPushButton::clicked, this, &ApprovalDialog::next_asked);
    row->addWidget(outcome_, 1);
    row->addWidget(undo_);
    row->addWidget(next_);
    outcome_box_->hide();
    return outcome_box_;
}

// The one way past the wait: nobody types these by accident. Narrowest allow, and deny.
void ApprovalDialog::add_chords()
{
    auto add = [&](Qt::Key key, ShownChoice const& choice) {
        auto* chord = new QShortcut(QKeySequence(Qt::CTRL | Qt::SHIFT | key), this);
        chord->setAutoRepeat(false);
        connect(chord, &QShortcut::activated, this, [this, &choice] { decide(choice); });
    };
    add(Qt::Key_A, question_.allow_once);
    add(Qt::Key_D, question_.deny);
}

void ApprovalDialog::watch_keys()
{
    installEventFilter(this);
    for (auto* child : findChildren<QWidget*>())
        child->installEventFilter(this);
}

// The typing guard hears every key of the window, before the widget does. A fresh press on a
// decision button that is armed is the decision itself and must not disarm it.
bool ApprovalDialog::eventFilter(QObject* watched, QEvent* event)
{
    if (event->type() == QEvent::KeyPress) {
        auto const* key = static_cast<QKeyEvent*>(event);
        bool const is_decision = qobject_cast<DecisionButton*>(watched) != nullptr && is_armed()
                                 && DecisionButton::is_deliberate(*key);
        if (!is_only_a_modifier(key->key()) && !is_decision)
            arming_.key_pressed(clock_());
    }
    return QWidget::eventFilter(watched, event);
}

void ApprovalDialog::keyPressEvent(QKeyEvent* event)
{
    if (event->key() == Qt::Key_Escape && !event->isAutoRepeat())
        Q_EMIT postponed();
    else
        QWidget::keyPressEvent(event);
}

void ApprovalDialog::closeEvent(QCloseEvent* event)
{
    event->ignore(); // whoever listens hides it
    Q_EMIT dismissed();
}

void ApprovalDialog::showEvent(QShowEvent* event)
{
    QWidget::showEvent(event);
    arming_.changed(clock_());
    sentence_->setFocus(Qt::OtherFocusReason);
    hint_timer_.start();
    refresh_hint();
}

void ApprovalDialog::show_question(ShownQuestion question)
{
    question_ = std::move(question);
    is_asking_ = true;
    arming_.changed(clock_());
    fill_face();
    outcome_box_->hide();
    buttons_box_->show();
    waiting_->show();
    sentence_->setFocus(Qt::OtherFocusReason);
    refresh_hint();
}

void ApprovalDialog::move_on(ShownQuestion question)
{
    question_ = std::move(question);
    update_place(to_qt(question_.place));
    update_waiting(to_qt(question_.waiting));
}

void ApprovalDialog::fill_face()
{
    setWindowTitle(to_qt(question_.title));
    session_->setText(to_qt(question_.title));
    update_place(to_qt(question_.place));
    sentence_->setText(to_qt(question_.sentence));
    sentence_->setAccessibleName(to_qt(question_.spoken));
    host_prefix_->setText(to_qt(question_.host_prefix));
    host_owner_->setText(to_qt(question_.host_owner));
    request_->setText(to_qt(question_.request));
    request_->setVisible(!question_.request.empty());
    update_waiting(to_qt(question_.waiting));
    fill_lines(lines_, question_.lines);
    fill_lines(details_, question_.details);
    put_choice(deny_, question_.deny);
    put_choice(allow_once_, question_.allow_once);
    put_choice(allow_session_, question_.allow_session);
}

void ApprovalDialog::fill_lines(QFormLayout* form, std::vector<ShownLine> const& lines)
{
    clear(form);
    for (auto const& line : lines) {
        auto* text = add_label("line");
        text->setWordWrap(true);
        text->setText(to_qt(line.text));
        if (line.tone == Tone::Warning) {
            QFont bold = font();
            bold.setBold(true);
            text->setFont(bold);
            form->addRow(text);
            continue;
        }
        auto* label = add_label("line_label");
        label->setText(to_qt(line.label));
        form->addRow(label, text);
    }
}

void ApprovalDialog::put_choice(DecisionButton* button, ShownChoice const& choice)
{
    // Our own words; the mnemonic needs Alt (rule of conduct 6).
    button->setText(QStringLiteral("&") + to_qt(choice.label));
    if (button == allow_session_)
        button->setText(
            to_qt(choice.label).replace(QStringLiteral("session"), QStringLiteral("&session")));
    button->setEnabled(choice.is_offered());
    // A tool tip guesses whether its text is markup; the meaning goes to screen readers only.
    button->setAccessibleDescription(to_qt(choice.meaning));
}

void ApprovalDialog::decide(ShownChoice const& choice)
{
    if (!is_asking_ || !isVisible() || !choice.is_offered())
        return;
    is_asking_ = false; // one answer
    Q_EMIT chosen(Chosen{question_, choice});
}

void ApprovalDialog::update_waiting(QString const& words)
{
    waiting_->setText(QStringLiteral("Waiting: ") + words);
}

void ApprovalDialog::update_place(QString const& words)
{
    place_->setText(words);
}

void ApprovalDialog::show_outcome(QString const& words, Undo undo, Next next)
{
    is_asking_ = false;
    outcome_->setText(words);
    outcome_->setAccessibleName(words);
    undo_->setVisible(undo == Undo::Yes);
    set_next(next);
    buttons_box_->hide();
    waiting_->hide();
    outcome_box_->show();
    sentence_->setFocus(Qt::OtherFocusReason); // off the button that is gone
}

void ApprovalDialog::end_undo()
{
    undo_->hide();
}

void ApprovalDialog::set_next(Next next)
{
    next_->setText(next == Next::Yes ? QStringLiteral("&Next request") : QStringLiteral("&Close"));
}

void ApprovalDialog::refresh_hint()
{
    if (!isVisible())
        return hint_timer_.stop();
    bool const is_ready = !is_asking_ || arming_.is_armed(clock_());
    if (is_ready)
        return hint_->clear();
    hint_->setText(arming_.is_habit(clock_())
                       ? QStringLiteral("Several requests were just allowed. A moment to look.")
                       : QStringLiteral("The buttons wait for a moment."));
}

} // namespace osh::tray
