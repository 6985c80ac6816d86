#pragma once
// Turns the text of a glob into the program that Glob runs. Only glob.cc uses it.

#include "policy/model/glob.h"

namespace osh::policy
{

class GlobCompiler
{
public:
    explicit GlobCompiler(Glob& glob) : glob_(glob), rest_(glob.pattern_) {}

    void compile();

private:
    using Kind = GlobInstruction::Kind;

    struct Alternation {
        std::vector<std::uint16_t> ends; // jumps to what follows the brace
        std::uint16_t split = 0;         // chooses between this alternative and the next
        bool is_empty = true;            // nothing since the last "{" or ","
    };

    void step();
    void fail(std::string_view reason);
    void emit(GlobInstruction instruction);
    void emit_byte(char c);
    void emit_star(Kind over);
    void emit_double_star();
    void emit_components(bool at_start);
    void emit_leading_components(char separator);
    void emit_middle_components(char separator);
    void emit_class();
    bool parse_class(Glob::ByteSet& set);
    void open_brace();
    void next_alternative();
    void close_brace();
    void find_literal_prefix();
    bool is_separator(char c) const { return c == glob_.separator_ && c != Glob::kNoSeparator; }
    std::uint16_t here() const { return static_cast<std::uint16_t>(glob_.program_.size()); }

    Glob& glob_;
    std::string_view rest_;
    char previous_ = '\0'; // character before rest_
    bool has_previous_ = false;
    bool has_tokens_ = false;             // in the innermost alternative
    bool ends_in_separator_byte_ = false; // the last instruction is a separator of its own
    bool ends_in_recursion_ = false;      // the last token was a "**" component
    bool is_plain_ = true;                // no wildcard so far
    std::vector<Alternation> open_;
};

} // namespace osh::policy
