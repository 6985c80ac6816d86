#pragma once
// The content of changes as git writes it (git-diff(1), "generating patch text"): what `patch -p1`
// and `git apply` read. Names are quoted as git does (core.quotePath), so none can forge a line.

#include "launcher/changes/change.h"
#include "launcher/changes/store.h"

#include <functional>
#include <string>

namespace osh::launcher
{

inline constexpr std::size_t kMaxDiffed =
    4 * 1024 * 1024; // bytes of one file; larger ones are named

// Bytes: lines as they are, for other programs. Shown: for a terminal, controls spelled out.
enum class DiffText { Shown, Bytes };

// One change's part; the sink gets the parts in the order of the list.
void write_diff(KeptChanges const& kept, ChangeList const& list, DiffText text,
    std::function<void(std::string const&)> const& sink);

// "a/README.md", or in double quotes with octal numbers where it is not plain.
std::string git_name_text(std::string_view prefix, std::string_view path);

} // namespace osh::launcher
