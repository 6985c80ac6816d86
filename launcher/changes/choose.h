#pragma once
// Which changes of a list are meant by the paths of a command, and which of them may be applied.
// Pure.

#include "launcher/changes/apply.h"

namespace osh::launcher
{

struct Chosen {
    std::vector<Change> wanted; // in the order of the list: folders before what lies in them
    std::vector<ApplyOutcome::Left> left;
    std::vector<std::string> unknown_paths;
};

// New folders above a wanted change are wanted with it.
Chosen choose(ChangeList const& list, ApplyWish const& wish);

// The changes at or below one of the paths; all without a path.
ChangeList at_or_below(ChangeList list, std::vector<std::string> const& paths);

} // namespace osh::launcher
