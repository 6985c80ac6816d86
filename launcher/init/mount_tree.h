#pragma once
// Carries out the plan's mount steps: a fresh root, entered at the end (security design H4). Runs
// in init, before the agent exists. Sources are looked up on the host's tree, targets on our own.

#include "launcher/plan/plan.h"
#include "launcher/sys/fd.h"

namespace osh::launcher
{

// What covers a hidden file or directory: empty, mode 0.
inline constexpr char const* kMaskFile = "/run/osh/masked";
inline constexpr char const* kMaskDirectory = "/run/osh/masked.d";

struct MountedTree {
    sys::Fd root;
    sys::Fd proc;  // a procfs of this PID namespace without masks, mounted nowhere: init's own view
    sys::Fd lower; // of an overlay project: the host's own directory
    sys::Fd changes;      // of an overlay project, locked: open as long as init lives
    sys::Fd devpts;       // the root directory of the sandbox's terminals
    sys::Fd trust_bundle; // the host's CA bundle, open for reading; may be not open
};

Result<MountedTree> build_mount_tree(Plan const& plan);

} // namespace osh::launcher
