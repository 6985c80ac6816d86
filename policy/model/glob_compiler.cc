#include "policy/model/glob_compiler.h"

#include <limits>

namespace osh::policy
{
namespace
{

constexpr std::size_t kDeepestBrace = 8;
constexpr std::size_t kLargestProgram = 16'000;

void insert(std::array<std::uint64_t, 4>& set, std::uint8_t byte)
{
    set[byte / 64] |= std::uint64_t{1} << (byte % 64);
}

} // namespace

void GlobCompiler::compile()
{
    if (rest_.size() > kLongestGlob)
        return fail("the pattern is too long");
    while (!rest_.empty() && glob_.error_.empty())
        step();
    if (glob_.error_.empty() && !open_.empty())
        fail("a \"{\" is not closed");
    emit({Kind::Match, 0, 0, 0});
    find_literal_prefix();
}

void GlobCompiler::fail(std::string_view reason)
{
    if (glob_.error_.empty())
        glob_.error_ = reason;
}

void GlobCompiler::step()
{
    char const c = rest_.front();
    bool const is_double_star = rest_.starts_with("**");
    rest_.remove_prefix(1);
    if (is_double_star) {
        emit_double_star();
    } else if (c == '*') {
        emit_star(Kind::NotSeparator);
    } else if (c == '?') {
        is_plain_ = false;
        emit({Kind::NotSeparator, 0, 0, 0});
    } else if (c == '[') {
        emit_class();
    } else if (c == '{') {
        open_brace();
    } else if (c == '}') {
        close_brace();
    } else if (c == ',' && !open_.empty()) {
        next_alternative();
    } else if (c == '\\') {
        if (rest_.empty())
            return fail("the escape \"\\\" stands before nothing");
        char const escaped = rest_.front();
        rest_.remove_prefix(1);
        emit_byte(escaped);
        previous_ = escaped;
        has_previous_ = true;
        return;
    } else {
        emit_byte(c);
    }
    previous_ = is_double_star ? previous_ : c;
    has_previous_ = true;
}

void GlobCompiler::emit(GlobInstruction instruction)
{
    if (glob_.program_.size() >= kLargestProgram)
        return fail("the pattern is too long");
    glob_.program_.push_back(instruction);
    ends_in_separator_byte_ = false;
    ends_in_recursion_ = false;
    has_tokens_ = true;
    if (!open_.empty())
        open_.back().is_empty = false;
}

void GlobCompiler::emit_byte(char c)
{
    emit({Kind::Byte, static_cast<std::uint8_t>(c), 0, 0});
    ends_in_separator_byte_ = is_separator(c);
}

// L: split over, out; over: one byte; jump L; out:
void GlobCompiler::emit_star(Kind over)
{
    is_plain_ = false;
    std::uint16_t const loop = here();
    emit({Kind::Split, 0, static_cast<std::uint16_t>(loop + 1),
        static_cast<std::uint16_t>(loop + 3)});
    emit({over, 0, 0, 0});
    emit({Kind::Jump, 0, loop, 0});
}

// "**" crosses separators only when it fills a component; glued to text it is two stars.
void GlobCompiler::emit_double_star()
{
    is_plain_ = false;
    rest_.remove_prefix(1); // the second star
    bool const starts =
        !has_tokens_
        && (!has_previous_ || previous_ == '{' || previous_ == ',' || is_separator(previous_));
    bool const follows = has_previous_ && is_separator(previous_);
    bool const ends =
        rest_.empty() || is_separator(rest_.front())
        || (!starts && !open_.empty() && (rest_.front() == ',' || rest_.front() == '}'));
    if (!ends || (!starts && !follows)) {
        emit_star(Kind::NotSeparator);
        previous_ = '*';
        return;
    }
    if (!rest_.empty() && is_separator(rest_.front()))
        previous_ = rest_.front();
    else
        previous_ = '*';
    emit_components(starts);
}

// At the start: nothing, or anything up to a separator. Behind a separator: that separator, or it
// with anything up to another one; at the end: that separator and anything.
void GlobCompiler::emit_components(bool at_start)
{
    bool const at_end = rest_.empty() || !is_separator(rest_.front());
    if (at_start && at_end) {
        emit_star(Kind::AnyByte);
        ends_in_recursion_ = true;
        return;
    }
    char const separator = glob_.separator_;
    if (at_end) {
        if (!ends_in_recursion_)
            emit_star(Kind::AnyByte);
        ends_in_recursion_ = true;
        return;
    }
    rest_.remove_prefix(1); // the separator behind belongs to this component
    if (ends_in_recursion_)
        return; // "**/**/" says what "**/" says
    if (at_start)
        emit_leading_components(separator);
    else
        emit_middle_components(separator);
    ends_in_recursion_ = true;
}

// (?:/?|.*/)
void GlobCompiler::emit_leading_components(char separator)
{
    std::uint16_t const split = here();
    emit({Kind::Split, 0, 0, 0});
    std::uint16_t const optional = here();
    emit({Kind::Split, 0, static_cast<std::uint16_t>(optional + 1),
        static_cast<std::uint16_t>(optional + 2)});
    emit({Kind::Byte, static_cast<std::uint8_t>(separator), 0, 0});
    std::uint16_t const jump = here();
    emit({Kind::Jump, 0, 0, 0});
    glob_.program_[split].first = optional;
    glob_.program_[split].second = here();
    emit_star(Kind::AnyByte);
    emit({Kind::Byte, static_cast<std::uint8_t>(separator), 0, 0});
    glob_.program_[jump].first = here();
}

// The leading separator is already there: nothing more, or .*/
void GlobCompiler::emit_middle_components(char separator)
{
    std::uint16_t const split = here();
    emit({Kind::Split, 0, static_cast<std::uint16_t>(split + 1), 0});
    emit_star(Kind::AnyByte);
    emit({Kind::Byte, static_cast<std::uint8_t>(separator), 0, 0});
    glob_.program_[split].second = here();
}

void GlobCompiler::emit_class()
{
    is_plain_ = false;
    Glob::ByteSet set{};
    if (!parse_class(set))
        return fail("a \"[\" is not closed");
    glob_.classes_.push_back(set);
    if (glob_.classes_.size() > std::numeric_limits<std::uint16_t>::max())
        return fail("the pattern is too long");
    emit({Kind::Class, 0, static_cast<std::uint16_t>(glob_.classes_.size() - 1), 0});
}

bool GlobCompiler::parse_class(Glob::ByteSet& set)
{
    bool const is_negated = rest_.starts_with('!') || rest_.starts_with('^');
    if (is_negated)
        rest_.remove_prefix(1);
    bool is_first = true;
    while (!rest_.empty() && (is_first || rest_.front() != ']')) {
        is_first = false;
        auto const low = static_cast<std::uint8_t>(rest_.front());
        rest_.remove_prefix(1);
        std::uint8_t high = low;
        if (rest_.size() >= 2 && rest_[0] == '-' && rest_[1] != ']') {
            high = static_cast<std::uint8_t>(rest_[1]);
            rest_.remove_prefix(2);
        }
        if (high < low) {
            fail("a range in \"[…]\" runs backwards");
            return true;
        }
        for (unsigned byte = low; byte <= high; ++byte)
            insert(set, static_cast<std::uint8_t>(byte));
    }
    if (rest_.empty())
        return false;
    rest_.remove_prefix(1);
    if (is_negated)
        for (auto& word : set)
            word = ~word;
    return true;
}

// {a,b}: split a, b; a; jump out; b; out:
void GlobCompiler::open_brace()
{
    is_plain_ = false;
    if (open_.size() >= kDeepestBrace)
        return fail("braces are nested too deeply");
    std::uint16_t const split = here();
    emit({Kind::Split, 0, static_cast<std::uint16_t>(split + 1), 0});
    open_.push_back({{}, split, true});
    has_tokens_ = false;
}

// An empty alternative ("{a,}") is dropped, not taken for the empty text.
void GlobCompiler::next_alternative()
{
    Alternation& open = open_.back();
    if (open.is_empty) {
        has_tokens_ = false;
        return;
    }
    std::uint16_t const jump = here();
    emit({Kind::Jump, 0, 0, 0});
    open.ends.push_back(jump);
    glob_.program_[open.split].second = here();
    open.split = here();
    emit({Kind::Split, 0, static_cast<std::uint16_t>(open.split + 1), 0});
    open.is_empty = true;
    has_tokens_ = false;
}

void GlobCompiler::close_brace()
{
    if (open_.empty())
        return fail("a \"}\" closes nothing");
    Alternation const open = open_.back();
    bool const drops_last = open.is_empty && !open.ends.empty();
    std::uint16_t const out = here();
    // The last split has no other side: make it a plain jump. An empty last alternative leads
    // nowhere.
    GlobInstruction& last = glob_.program_[open.split];
    last.kind = Kind::Jump;
    if (drops_last)
        last.first = open.split; // waits for ever: a jump to itself steps over nothing
    for (std::uint16_t jump : open.ends)
        glob_.program_[jump].first = out;
    open_.pop_back();
    if (!open_.empty())
        open_.back().is_empty = false;
    has_tokens_ = true;
    ends_in_separator_byte_ = false;
    ends_in_recursion_ = false;
}

// "/opt/agent/**" and "/usr/bin/py*" are a prefix and a tail; most patterns are.
void GlobCompiler::find_literal_prefix()
{
    auto& program = glob_.program_;
    if (!glob_.error_.empty())
        program.clear();
    std::size_t at = 0;
    while (at < program.size() && program[at].kind == Kind::Byte)
        glob_.prefix_ += static_cast<char>(program[at++].byte);
    std::size_t const rest = program.size() - at;
    if (rest == 1 && is_plain_)
        glob_.tail_ = Glob::Tail::Nothing;
    else if (rest == 4 && program[at].kind == Kind::Split && program[at + 1].kind == Kind::AnyByte
             && program[at + 2].kind == Kind::Jump && open_.empty())
        glob_.tail_ = Glob::Tail::Anything;
    else if (rest == 4 && program[at].kind == Kind::Split
             && program[at + 1].kind == Kind::NotSeparator && program[at + 2].kind == Kind::Jump)
        glob_.tail_ =
            glob_.separator_ == Glob::kNoSeparator ? Glob::Tail::Anything : Glob::Tail::Component;
}

} // namespace osh::policy
