#pragma once
// A process of ours that outlives osh by a moment and undoes what osh could not undo any more when
// it was ended by SIGKILL: the session's runtime folder is removed, and the outer terminal gets its
// modes back. In the ordinary case osh does both itself and the janitor finds nothing to do.
// It opens nothing by an absolute path, starts nothing, and ends by itself.

#include "launcher/sys/fd.h"
#include "launcher/sys/terminal.h"
#include "policy/base/bytes.h"
#include "policy/base/result.h"

#include <string>

namespace osh::sys
{

struct JanitorTask {
    Fd const& parent; // the folder above the session's
    std::string name; // of the session's locked folder (folder.h), or of the one to be made
    std::string file; // the socket in it; with anything else in it the folder stays
    Bytes filter;     // system calls it does without
};

class Janitor
{
public:
    // Started before the folder is made: no moment is left in which nobody would remove it. Called
    // while osh still has its standard descriptors: the first that is a terminal is the one
    // that will be restored.
    static Result<Janitor> start(JanitorTask const& task);
    Janitor() = default;
    Janitor(Janitor&&) noexcept = default;
    Janitor& operator=(Janitor&& other) noexcept;
    ~Janitor(); // lets it clean up, and waits for its end, kJanitorPatience at most

    // Before raw modes are set: what to go back to, and what the modes will be. The janitor
    // restores only what it finds unchanged, so it never undoes what the shell set meanwhile.
    void guard(RawMode const& mode);
    void release(); // after the modes were restored

private:
    void end();

    Fd alive_, pidfd_;
};

} // namespace osh::sys
