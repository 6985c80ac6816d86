#pragma once
// What is wrong (or doubtful) in a text that a person wrote, and where. Rendered with the source
// line and a caret:
//
//   daily.yaml:9:7: error: unknown key "enforcment" in endpoint
//       9 |       enforcment: enforce
//         |       ^^^^^^^^^^ did you mean "enforcement"?
//   help: …

#include "policy/base/source_text.h"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace osh
{

enum class Severity { Error, Warning, Note };

struct Diagnostic {
    Severity severity = Severity::Error;
    std::string code;    // stable short name, for --json and tests: "unknown-key"
    std::string message; // one line; untrusted parts already went through shown()
    Span span;
    std::string label; // beside the caret: what was expected, the nearest known word; may be empty
    std::string help;  // one line below; may be empty
    std::shared_ptr<SourceText const>
        source; // shared: a diagnostic outlives the parse; may be null
};

using Diagnostics = std::vector<Diagnostic>;

bool has_errors(Diagnostics const& diagnostics);
std::string render(Diagnostic const& diagnostic);   // ends in a newline
std::string render(Diagnostics const& diagnostics); // in order of appearance, a blank line between
std::string render_json(Diagnostics const& diagnostics); // one JSON array

} // namespace osh
