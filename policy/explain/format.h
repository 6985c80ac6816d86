#pragma once
// A policy document in its canonical layout: two spaces, one key a line, short maps and lists of
// plain values in one line; order, quoting and comments stay. What it is not: a YAML emitter for
// any tree; it only writes what read_yaml accepts.

#include "policy/base/result.h"
#include "policy/document/node.h"

#include <string>

namespace osh::policy
{

// An error when the result would not read back as the same tree, or a comment would be lost: the
// file is then better left alone.
Result<std::string> formatted(Document const& document);

} // namespace osh::policy
