#pragma once
// What a session did, counted: for the summary at its end and report.json. Pure and bounded: a
// host beyond the bound is counted in the sums only.

#include "launcher/supervise/core/desk.h"
#include "launcher/supervise/core/session_state.h"
#include "policy/messages/netproxy.h"

#include <map>
#include <string>
#include <vector>

namespace osh::launcher
{

inline constexpr std::size_t kMaxHostsTallied = 1024;

struct HostTally {
    std::uint64_t requests = 0, sent = 0 /* requests that may send data */, refused = 0;
};

struct SessionEnd {
    std::string session, agent, profile, project;
    WallTime started, ended;
    int exit_code = 0;
    bool by_signal = false;
    FailedBy failed_by = FailedBy::Nobody;
    std::string failure; // the sentence, when osh failed
    std::uint64_t journal_dropped = 0;
    // Of an overlay project, in words ("2 added, 1 changed"); "" without one or without a change.
    std::string changes;
    std::uint64_t files_added = 0, files_changed = 0, files_deleted = 0;
    std::string name; // of --name, "" without
};

class Tally
{
public:
    void count(policy::Decided const& decided);
    void count(policy::FlowClosed const& closed);
    void count(policy::Notice const& notice);
    void count(policy::Dropped const& dropped) { dropped_ = dropped; }
    // Denied because nobody was there to ask: what would have been asked.
    bool denied_unattended() const { return !unattended_.empty() || unattended_more_ > 0; }

    bool is_worth_telling() const { return requests_ + refused_ > 0 || !notices_.empty(); }

    // At most 25 lines, zero lines dropped; nothing of the agent unescaped.
    std::string summary(SessionEnd const& end, DeskCounts const& desk) const;
    std::string report_json(SessionEnd const& end, DeskCounts const& desk) const;

private:
    std::string network_rows() const;
    std::string question_rows(SessionEnd const& end, DeskCounts const& desk) const;

    std::map<std::string, HostTally> hosts_;
    std::map<std::string, std::uint64_t> credentials_;
    std::vector<std::string> unattended_, notices_;
    std::uint64_t unattended_more_ = 0;
    policy::Dropped dropped_;
    std::uint64_t requests_ = 0, refused_ = 0, bytes_up_ = 0, bytes_down_ = 0;
};

std::string size_words(std::uint64_t bytes);   // "48 MB"
std::string duration_words(Duration duration); // "41 min", "3 s"

} // namespace osh::launcher
