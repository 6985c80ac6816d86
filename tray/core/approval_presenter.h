#pragma once
// A question in the words that people see. Every text from outside went through shown(): what comes
// out of here is printable plain text of bounded length. No widgets, no decisions, no clock.

#include "policy/base/time.h"
#include "tray/core/approval_queue.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace osh::tray
{

struct LocalTime {
    WallTime now;
    std::int32_t utc_offset_seconds = 0; // to say "since 14:02:51" as the wall clock says it
};

enum class Tone { Plain, Warning };

struct ShownLine {
    std::string label, text; // a warning has no label: its words carry it
    Tone tone = Tone::Plain;
    friend bool operator==(ShownLine const&, ShownLine const&) = default;
};

// A button of the face. Without an offer it is greyed.
struct ShownChoice {
    std::string label;   // "Deny once"
    std::string meaning; // for screen readers and the tooltip
    std::string offer, duration;
    bool is_offered() const { return !offer.empty(); }
};

struct ShownQuestion {
    QuestionKey key;
    std::string digest;                  // what was shown is what an answer names
    std::string title;                   // of the window
    std::string place;                   // "2 of 5"
    std::string sentence;                // "node (vite) wants to SEND DATA to"
    std::string host_prefix, host_owner; // "telemetry." and "example.com", the part that counts
    std::string request;                 // "POST /v1/events", or the port
    std::string spoken;                  // all of the above as one sentence, for screen readers
    std::vector<ShownLine> lines;
    std::string waiting; // changes with time: see waiting_words()
    std::vector<ShownLine> details;
    ShownChoice deny, allow_once, allow_session;
};

struct Place {
    std::size_t position = 1, waiting = 1;
};

ShownQuestion present(Queued const& queued, Place place, LocalTime time);

// True when the two differ in nothing but how many equal requests wait: the person who read one has
// read the other. A client that retries must not keep the buttons from ever being armed.
bool says_the_same(ShownQuestion const& a, ShownQuestion const& b);

// "3 requests, since 14:02:51 · denied in 42 s if no answer"
std::string waiting_words(control::Question const& question, LocalTime time);

std::string place_words(Place place); // "2 of 5", or nothing

// What happened to the question on screen.
std::string outcome_words(
    control::Reply const& reply, ShownQuestion const& question, ShownChoice const& choice);
std::string gone_words(control::Gone const& gone);

// RFC 3339 in UTC, with or without milliseconds.
std::optional<WallTime> parse_time(std::string_view text);

} // namespace osh::tray
