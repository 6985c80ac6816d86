#pragma once
// Text that people see. Everything that comes from inside the boundary, from a server or from a
// file is data: it never reaches a terminal, a log or a window but through these (security design
// H17).

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace osh
{

// Printable, one line, at most `width` characters with the middle elided as "…". Invalid UTF-8
// becomes \xNN; controls, bidi controls, zero-width characters, tags and line separators become
// \u{…}. Idempotent.
std::string shown(std::string_view untrusted, std::size_t width = 120);

// (Not named quoted(): std::quoted would win by argument-dependent look-up.)
// shown() inside double quotes, with '"' and '\' escaped: for key=value log lines.
std::string in_quotes(std::string_view untrusted, std::size_t width = 120);

// RFC 8259 string literal with quotes. Invalid UTF-8 becomes U+FFFD.
std::string json_quoted(std::string_view text);

// The entry of `known` nearest to `word` within an edit distance of 2 (of 1 for words of up to four
// letters), or "".
std::string_view nearest_word(std::string_view word, std::vector<std::string_view> const& known);

std::string to_lower_ascii(std::string_view text);
bool equals_ignoring_case(std::string_view a, std::string_view b); // ASCII only
std::string_view trimmed(std::string_view text);                   // spaces and tabs
std::vector<std::string_view> split(std::string_view text, char separator);

// Returns the number of bytes of the well-formed UTF-8 character at the start of `text`, 0 if there
// is none.
std::size_t utf8_length(std::string_view text, char32_t& code_point);

} // namespace osh
