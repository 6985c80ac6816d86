#include "tray/decision_button.h"

#include <QKeyEvent>

namespace osh::tray
{
namespace
{

bool is_press_key(int key)
{
    return key == Qt::Key_Space || key == Qt::Key_Return || key == Qt::Key_Enter
           || key == Qt::Key_Select;
}

} // namespace

DecisionButton::DecisionButton(std::function<bool()> is_armed, QWidget* parent)
    : QPushButton(parent), is_armed_(std::move(is_armed))
{
    setAutoDefault(false);
    setDefault(false);
    // Mouse and Alt mnemonic both end in clicked().
    connect(this, &QPushButton::clicked, this, &DecisionButton::decide);
}

void DecisionButton::decide()
{
    if (is_armed_())
        Q_EMIT decided();
}

void DecisionButton::keyPressEvent(QKeyEvent* event)
{
    if (!is_press_key(event->key()))
        return QPushButton::keyPressEvent(event);
    event->accept();
    if (is_deliberate(*event)) // focus is here because the person moved it
        decide();
}

bool DecisionButton::is_deliberate(QKeyEvent const& event)
{
    // A held key repeats: that hand is not deciding. The key pad's Enter has a modifier of its own.
    return is_press_key(event.key()) && !event.isAutoRepeat()
           && (event.modifiers() & ~Qt::KeypadModifier) == 0;
}

void DecisionButton::keyReleaseEvent(QKeyEvent* event)
{
    if (is_press_key(event->key()))
        event->accept(); // Qt would click on the release of Space
    else
        QPushButton::keyReleaseEvent(event);
}

} // namespace osh::tray
