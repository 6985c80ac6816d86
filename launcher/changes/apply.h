#pragma once
// Brings chosen changes into the real project. Every name is resolved below the project's own
// folder and never through a link (openat2(2)), files are replaced as a whole (rename(2)), folders
// that go are first moved out of it at once where that is possible. What was applied is taken out
// of the upper layer only when it is safe on the disk: a crash, a full disk or a refusal loses
// nothing, and the same command can be given again.

#include "launcher/changes/change.h"
#include "launcher/changes/store.h"

namespace osh::launcher
{

enum class Conflicts { Leave, Override };

struct ApplyWish {
    std::vector<std::string> paths;   // relative to the project; a folder is all in it
    std::vector<std::string> protect; // the same, for what is otherwise left because it is guarded
    Conflicts conflicts = Conflicts::Leave;
    bool is_trial = false; // says what would be done
};

struct ApplyOutcome {
    std::vector<Change> applied;
    struct Left {
        Change change;
        std::string why;
    };
    std::vector<Left> left;
    std::vector<std::string> unknown_paths; // of the wish: no change there
    std::string trouble;                    // why it stopped before its end, "" if it did not
};

// `kept` was opened with Use::Change, the list is of now.
ApplyOutcome apply_changes(KeptChanges const& kept, ChangeList const& list, ApplyWish const& wish);

// "./src//a" as a name in a list of changes: relative to the project, or absolute below it.
// Nothing when it leads out.
Result<std::string> path_in_project(std::string const& project, std::string const& path);

} // namespace osh::launcher
