#pragma once
// The journal on disk: …/sessions/ID/journal.jsonl. A full or missing disk never stops a session:
// lines are counted instead, and the first failure is told once.

#include "launcher/supervise/core/journal.h"
#include "launcher/sys/fd.h"

#include <optional>

namespace osh::launcher
{

class JournalFile
{
public:
    // `folder` may be closed: then everything is only counted. It must outlive this.
    explicit JournalFile(sys::Fd const& folder);

    void write(std::string const& line, Instant now, WallTime wall);
    std::uint64_t dropped() const { return gate_.dropped_in_all(); }
    std::optional<std::string> take_problem(); // to be shown to people, once

private:
    bool append(std::string const& line);
    bool open_new();

    sys::Fd const& folder_;
    sys::Fd file_;
    JournalGate gate_;
    std::optional<std::string> problem_;
    bool has_told_ = false;
};

} // namespace osh::launcher
