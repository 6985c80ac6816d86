#pragma once
// A button that answers a question. Qt's own button is pressed by a held key, by a stray Space and
// by a click that was meant for what stood there before; this one only by a fresh, deliberate press
// while armed. It does not know what it answers.

#include <QPushButton>
#include <functional>

namespace osh::tray
{

class DecisionButton : public QPushButton
{
    Q_OBJECT

public:
    explicit DecisionButton(std::function<bool()> is_armed, QWidget* parent);

    // A fresh, unmodified press of Space or Enter.
    static bool is_deliberate(QKeyEvent const& event);

Q_SIGNALS:
    void decided();

protected:
    void keyPressEvent(QKeyEvent* event) override;
    void keyReleaseEvent(QKeyEvent* event) override;

private:
    void decide();

    std::function<bool()> is_armed_;
};

} // namespace osh::tray
