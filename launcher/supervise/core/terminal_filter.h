#pragma once
// Stands between what the agent draws and the person's terminal: text and harmless control
// sequences pass, what could read the clipboard, type back or program the terminal does not. A
// stream: a sequence may be cut anywhere. What may pass says terminal_verdict.
//
// Text is UTF-8 (RFC 3629). Bytes that are not become U+FFFD, so that no 8-bit control (ECMA-48 C1)
// reaches a terminal that reads them; C1 controls written as UTF-8 are judged like their ESC forms.

#include "launcher/supervise/core/terminal_modes.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace osh::launcher
{

inline constexpr std::size_t kMaxControlSequence = 256; // a long SGR list has about 100
inline constexpr std::size_t kMaxControlString = 4096;  // titles and links; longer ones are dropped

class TerminalFilter
{
public:
    std::string pass(std::string_view bytes);
    // The agent ended: what undoes the modes it left on. A half sequence is forgotten.
    std::string finish();

private:
    enum class State { Text, Escape, Sequence, String, StringEscape };
    void take_byte(std::uint8_t byte);
    void take(char32_t point, std::string_view bytes);
    void take_text(char32_t point, std::string_view bytes);
    void take_escape(char32_t point, std::string_view bytes);
    void take_sequence(char32_t point, std::string_view bytes);
    void take_string(char32_t point, std::string_view bytes);
    void begin(char32_t second); // ESC and the character that says what follows
    void begin_string(StringKind kind);
    void end_sequence(char final);
    void end_string();
    bool take_control(char32_t point); // C0 and C1 inside a sequence

    std::string out_;
    std::string held_; // of the sequence or string, without its introducer
    State state_ = State::Text;
    StringKind kind_ = StringKind::Other;
    bool is_spoiled_ = false; // a string that will not pass: too long or unclean
    std::string half_;        // a character that is not complete yet
    std::size_t half_size_ = 0;
    TerminalModes modes_;
};

} // namespace osh::launcher
