#include "launcher/supervise/core/terminal_filter.h"

#include <algorithm>
#include <utility>

namespace osh::launcher
{
namespace
{

constexpr char32_t kBell = 0x07, kCancel = 0x18, kSubstitute = 0x1a, kEscape = 0x1b, kDelete = 0x7f;
constexpr char32_t kFirstC1 = 0x80, kLastC1 = 0x9f, kC1ToEscape = 0x40;
constexpr char32_t kStringEnd = 0x9c;
constexpr char32_t kReplacement = 0xfffd;
constexpr std::string_view kReplacementBytes = "\xef\xbf\xbd";
constexpr unsigned kMaxParameter = 65535; // as xterm; larger ones are cut there

bool is_c1(char32_t point)
{
    return point >= kFirstC1 && point <= kLastC1;
}

bool is_intermediate(char32_t point)
{
    return point >= 0x20 && point <= 0x2f;
}

// How many bytes a character has by its first one; 0: none begins so.
std::size_t size_of_character(std::uint8_t first)
{
    if (first < 0x80)
        return 1;
    if (first >= 0xc2 && first <= 0xdf)
        return 2;
    if (first >= 0xe0 && first <= 0xef)
        return 3;
    return first >= 0xf0 && first <= 0xf4 ? 4 : 0;
}

// RFC 3629 section 4: no over-long forms, no surrogates, nothing beyond U+10FFFF.
bool may_follow(std::string const& half, std::uint8_t byte)
{
    if (byte < 0x80 || byte > 0xbf)
        return false;
    if (half.size() > 1)
        return true;
    switch (static_cast<std::uint8_t>(half.front())) {
    case 0xe0: return byte >= 0xa0;
    case 0xed: return byte <= 0x9f;
    case 0xf0: return byte >= 0x90;
    case 0xf4: return byte <= 0x8f;
    default: return true;
    }
}

char32_t decode(std::string_view bytes)
{
    auto const first = static_cast<std::uint8_t>(bytes.front());
    if (bytes.size() == 1)
        return first;
    char32_t point = first & (0x7fU >> bytes.size());
    for (char const byte : bytes.substr(1))
        point = point << 6 | (static_cast<std::uint8_t>(byte) & 0x3fU);
    return point;
}

void add_digit(std::vector<unsigned>& parameters, char digit)
{
    if (parameters.empty())
        parameters.push_back(0);
    auto& last = parameters.back();
    last = std::min(last * 10 + static_cast<unsigned>(digit - '0'), kMaxParameter);
}

// False: not of the form prefix? parameters intermediates.
bool parse(std::string_view text, ControlSequence& sequence)
{
    constexpr std::string_view kPrefixes = "<=>?";
    if (!text.empty() && kPrefixes.find(text.front()) != std::string_view::npos) {
        sequence.prefix = text.front();
        text.remove_prefix(1);
    }
    bool is_sub = false; // 4:3 is one parameter with a detail
    for (char const c : text) {
        if (is_intermediate(static_cast<unsigned char>(c))) {
            sequence.intermediates += c;
            continue;
        }
        if (!sequence.intermediates.empty() || c > ';')
            return false;
        if (c == ':') {
            is_sub = true;
        } else if (c == ';') {
            if (sequence.parameters.empty())
                sequence.parameters.push_back(0);
            sequence.parameters.push_back(0);
            is_sub = false;
        } else if (!is_sub) {
            add_digit(sequence.parameters, c);
        }
    }
    return true;
}

} // namespace

std::string TerminalFilter::pass(std::string_view bytes)
{
    out_.reserve(bytes.size());
    for (char const byte : bytes)
        take_byte(static_cast<std::uint8_t>(byte));
    return std::exchange(out_, {});
}

std::string TerminalFilter::finish()
{
    half_.clear();
    held_.clear();
    state_ = State::Text;
    return modes_.reset();
}

void TerminalFilter::take_byte(std::uint8_t byte)
{
    if (!half_.empty()) {
        if (may_follow(half_, byte)) {
            half_ += static_cast<char>(byte);
            if (half_.size() == half_size_) {
                std::string const whole = std::exchange(half_, {});
                take(decode(whole), whole);
            }
            return;
        }
        half_.clear(); // never let out: what follows could complete it to a control
        take(kReplacement, kReplacementBytes);
    }
    std::size_t const size = size_of_character(byte);
    char const as_char = static_cast<char>(byte);
    if (size == 0)
        return take(kReplacement, kReplacementBytes);
    if (size == 1)
        return take(byte, std::string_view(&as_char, 1));
    half_.assign(1, as_char);
    half_size_ = size;
}

void TerminalFilter::take(char32_t point, std::string_view bytes)
{
    switch (state_) {
    case State::Text: return take_text(point, bytes);
    case State::Escape: return take_escape(point, bytes);
    case State::Sequence: return take_sequence(point, bytes);
    case State::String: return take_string(point, bytes);
    case State::StringEscape:
        if (point == '\\')
            return end_string();
        state_ = State::Escape; // as in xterm: ESC gives the string up
        held_.clear();
        return take_escape(point, bytes);
    }
}

void TerminalFilter::take_text(char32_t point, std::string_view bytes)
{
    if (point == kEscape) {
        state_ = State::Escape;
        held_.clear();
    } else if (is_c1(point)) {
        held_.clear();
        begin(point - kC1ToEscape);
    } else {
        out_ += bytes;
    }
}

// Controls act in the middle of a sequence, as in every terminal since the VT100.
bool TerminalFilter::take_control(char32_t point)
{
    if (point == kEscape || is_c1(point)) {
        state_ = State::Text;
        take_text(point, {});
        return true;
    }
    if (point == kCancel || point == kSubstitute) {
        state_ = State::Text;
        return true;
    }
    if (point < 0x20)
        out_ += static_cast<char>(point);
    return point < 0x20 || point == kDelete;
}

void TerminalFilter::take_escape(char32_t point, std::string_view bytes)
{
    if (take_control(point))
        return;
    if (point > kDelete) { // no sequence: the text is shown, the ESC is not
        state_ = State::Text;
        out_ += bytes;
        return;
    }
    if (is_intermediate(point)) {
        if (held_.size() < kMaxControlSequence)
            held_ += static_cast<char>(point);
        return;
    }
    begin(point);
}

void TerminalFilter::begin(char32_t second)
{
    auto const c = static_cast<char>(second);
    state_ = State::Text;
    if (held_.empty()) {
        switch (c) {
        case '[': state_ = State::Sequence; return;
        case ']': return begin_string(StringKind::Command);
        case 'P': return begin_string(StringKind::Device);
        case 'X':
        case '^':
        case '_':
        case 'k': return begin_string(StringKind::Other);
        default: break;
        }
    }
    if (may_pass_escape(held_, c)) {
        modes_.saw_escape(held_, c);
        out_ += '\x1b' + held_ + c;
    }
    held_.clear();
}

void TerminalFilter::begin_string(StringKind kind)
{
    state_ = State::String;
    kind_ = kind;
    is_spoiled_ = false;
}

void TerminalFilter::take_sequence(char32_t point, std::string_view bytes)
{
    if (take_control(point))
        return;
    if (point > kDelete) {
        state_ = State::Text;
        out_ += bytes;
    } else if (point >= 0x40) {
        end_sequence(static_cast<char>(point));
    } else if (held_.size() <= kMaxControlSequence) {
        held_ += static_cast<char>(point);
    }
}

void TerminalFilter::end_sequence(char final)
{
    state_ = State::Text;
    ControlSequence sequence;
    sequence.final = final;
    if (held_.size() <= kMaxControlSequence && parse(held_, sequence) && may_pass(sequence)) {
        modes_.saw(sequence);
        out_ += "\x1b[" + held_ + final;
    }
    held_.clear();
}

void TerminalFilter::take_string(char32_t point, std::string_view bytes)
{
    if (point == kEscape) {
        state_ = State::StringEscape;
    } else if (point == kStringEnd || (point == kBell && kind_ == StringKind::Command)) {
        end_string();
    } else if (point == kCancel || point == kSubstitute) {
        state_ = State::Text;
    } else {
        bool const is_clean = point >= 0x20 && point != kDelete && !is_c1(point);
        is_spoiled_ = is_spoiled_ || !is_clean || point == kReplacement
                      || held_.size() + bytes.size() > kMaxControlString;
        if (!is_spoiled_)
            held_ += bytes;
    }
}

void TerminalFilter::end_string()
{
    state_ = State::Text;
    if (!is_spoiled_ && may_pass_string(kind_, held_)) {
        modes_.saw_command(held_);
        out_ += "\x1b]" + held_ + "\x1b\\";
    }
    held_.clear();
}

} // namespace osh::launcher
