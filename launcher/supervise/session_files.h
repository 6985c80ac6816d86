#pragma once
// Small texts of a session: the report on disk, and sentences for the terminal.

#include "launcher/sys/fd.h"

#include <string>
#include <string_view>

namespace osh::launcher
{

// report.json, whole or not at all. A full disk is no reason to fail at the end.
void write_report(sys::Fd const& folder, std::string const& text);

// A file that the person named; a failure is said on stderr.
void write_file(std::string const& path, std::string const& text);

// shown() for each line: a sentence of ours may have several, each with text from elsewhere.
std::string shown_lines(std::string_view text);

} // namespace osh::launcher
