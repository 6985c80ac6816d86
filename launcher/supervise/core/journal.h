#pragma once
// The session's journal as text: one JSON object per decision, and the bounds that keep a noisy
// agent from filling the disk (security design H19). Pure; the file is launcher/supervise's.

#include "policy/base/time.h"
#include "policy/messages/json.h"
#include "policy/messages/netproxy.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace osh::launcher
{

inline constexpr std::uint32_t kJournalLinesPerSecond = 200;
inline constexpr std::uint64_t kJournalBytes =
    50ull * 1024 * 1024;                           // of one file; one older is kept
inline constexpr std::size_t kJournalField = 1024; // bytes of one text in a line

std::string rfc3339(WallTime time);                                 // UTC, with milliseconds
std::string_view clipped(std::string_view text, std::size_t limit); // at a character's border

// One line each, without the newline. Texts are clipped to kJournalField.
std::string journal_line(policy::Decided const& decided, WallTime when);
struct JournalEvent { // what happened to the session itself: started, answered, notice, ended
    std::string kind;
    policy::json::Value::Object fields;
};
std::string journal_line(JournalEvent const& event, WallTime when);

// A line of the journal for people: `osh logs`. Nothing for what is not a journal line.
std::optional<std::string> journal_line_for_people(std::string_view line);
bool is_denied_line(std::string_view line);

// Says for each line whether it may be written. What is left out is counted, and the count becomes
// a line of its own as soon as there is room.
class JournalGate
{
public:
    enum class Word { Write, Drop, RotateThenWrite };
    explicit JournalGate(std::uint64_t file_limit = kJournalBytes) : file_limit_(file_limit) {}

    Word admit(std::size_t bytes, Instant now);
    void write_failed() { ++dropped_; } // disk full: counted like the rest
    std::uint64_t take_dropped();       // since the last call
    std::uint64_t dropped_in_all() const { return dropped_in_all_ + dropped_; }

private:
    std::uint64_t file_limit_;
    std::uint64_t written_ = 0, dropped_ = 0, dropped_in_all_ = 0;
    std::uint32_t lines_ = 0;
    Instant second_{INT64_MIN / 2};
};

} // namespace osh::launcher
