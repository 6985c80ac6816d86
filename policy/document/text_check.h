#pragma once
// Is this text fit for a reader at all? Bytes that no document may contain are found before any
// parser sees them, so that a parser's own ideas about them (yaml-cpp takes 0x04 for the end of the
// file) never matter. What it is not: a look at the grammar.

#include "policy/document/node.h"

#include <optional>

namespace osh::policy
{

// The first reason to refuse the text: too large, NUL or another control character, invalid UTF-8,
// a lone carriage return.
std::optional<Diagnostic> unfit_text(
    std::shared_ptr<SourceText const> const& source, ReaderLimits const& limits);

// U+FEFF at the start is a habit of some editors, no content.
std::string without_byte_order_mark(std::string text);

} // namespace osh::policy
