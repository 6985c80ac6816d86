#include "launcher/supervise/core/tally.h"

#include "launcher/supervise/core/journal.h"
#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

using policy::json::Value;

constexpr std::size_t kMaxListedUnattended = 20; // what would have been asked
constexpr std::size_t kMaxNotices = 8;
constexpr std::size_t kHostsInALine = 3;
constexpr int kLabelWidth = 20;

bool may_send(policy::Decided const& decided)
{
    return decided.decision != "deny" && !decided.target.method.empty()
           && access_class(decided.target) == AccessClass::Write;
}

std::string row(std::string_view label, std::string const& text)
{
    return fmt::format("{:<{}}{}\n", label, kLabelWidth, text);
}

using Ranked = std::vector<std::pair<std::string, std::uint64_t>>;

std::string ranked_words(Ranked ranked)
{
    std::stable_sort(ranked.begin(), ranked.end(),
        [](auto const& a, auto const& b) { return a.second > b.second; });
    std::string words;
    for (std::size_t i = 0; i < std::min(ranked.size(), kHostsInALine); ++i)
        words += fmt::format(
            "{}{} ({})", i == 0 ? "" : ", ", shown(ranked[i].first, 60), ranked[i].second);
    if (ranked.size() > kHostsInALine)
        words += fmt::format(" and {} more", ranked.size() - kHostsInALine);
    return words;
}

std::string plural(std::uint64_t count, std::string_view word)
{
    return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

Value number(std::uint64_t value)
{
    return Value{static_cast<std::int64_t>(
        std::min<std::uint64_t>(value, static_cast<std::uint64_t>(policy::json::kMaxNumber)))};
}

Value dropped_packets(policy::Dropped const& dropped)
{
    return Value{Value::Object{{"malformed", number(dropped.malformed)},
        {"fragments", number(dropped.fragments)}, {"options", number(dropped.options)},
        {"unknown_protocol", number(dropped.unknown_protocol)},
        {"foreign_source", number(dropped.foreign_source)},
        {"not_unicast", number(dropped.not_unicast)}, {"over_limit", number(dropped.over_limit)}}};
}

} // namespace

void Tally::count(policy::Decided const& decided)
{
    bool const is_denied = decided.decision == "deny";
    ++(is_denied ? refused_ : requests_);
    if (hosts_.size() < kMaxHostsTallied || hosts_.contains(decided.target.host)) {
        auto& host = hosts_[decided.target.host];
        ++(is_denied ? host.refused : host.requests);
        host.sent += may_send(decided) ? 1 : 0;
    }
    if (!decided.credential.empty() && !is_denied && credentials_.size() < kMaxHostsTallied)
        ++credentials_[decided.credential];
    if (is_denied && decided.code == "unattended") {
        std::string const words = fmt::format("{} {}{}{}",
            decided.target.method.empty() ? "connect" : decided.target.method, decided.target.host,
            decided.target.port == 443 ? "" : fmt::format(":{}", decided.target.port),
            decided.target.path);
        if (unattended_.size() < kMaxListedUnattended)
            unattended_.push_back(words);
        else
            ++unattended_more_;
    }
}

void Tally::count(policy::FlowClosed const& closed)
{
    bytes_up_ += closed.bytes_up;
    bytes_down_ += closed.bytes_down;
}

void Tally::count(policy::Notice const& notice)
{
    std::string const words = fmt::format("{}: {}", notice.code, notice.text);
    if (notices_.size() < kMaxNotices
        && std::find(notices_.begin(), notices_.end(), words) == notices_.end())
        notices_.push_back(words);
}

std::string Tally::summary(SessionEnd const& end, DeskCounts const& desk) const
{
    auto const lasted = Duration(1ms) * (end.ended.milliseconds - end.started.milliseconds);
    std::string out =
        fmt::format("osh  session {} ended: {} {} after {}\n", end.session, shown(end.agent, 40),
            end.by_signal ? fmt::format("ended by signal {}", end.exit_code - kExitBySignal)
                          : fmt::format("exited {}", end.exit_code),
            duration_words(lasted));
    std::string rows = network_rows() + question_rows(end, desk);
    if (!end.changes.empty())
        rows += row("Written aside", end.changes + "; the project is as it was")
                + row("Review", fmt::format("osh changes {} diff", end.session))
                + row("", fmt::format("osh changes {} apply|discard", end.session));
    return rows.empty() ? out : out + "\n" + rows;
}

std::string Tally::network_rows() const
{
    std::string rows;
    Ranked reached, sent, refused, credentials(credentials_.begin(), credentials_.end());
    for (auto const& [name, host] : hosts_) {
        if (host.requests > 0)
            reached.emplace_back(name, host.requests);
        if (host.sent > 0)
            sent.emplace_back(name, host.sent);
        if (host.refused > 0)
            refused.emplace_back(name, host.refused);
    }
    if (!reached.empty())
        rows += row("What it reached",
            fmt::format("{}, {}, {} in, {} out; most: {}", plural(reached.size(), "host"),
                plural(requests_, "request"), size_words(bytes_down_), size_words(bytes_up_),
                ranked_words(reached)));
    if (!sent.empty())
        rows += row("Sent data to", ranked_words(sent));
    if (!credentials.empty())
        rows += row("Credentials used", ranked_words(credentials));
    if (refused_ > 0)
        rows += row("Refused", fmt::format("{} to {}: {}", plural(refused_, "request"),
                                   plural(refused.size(), "host"), ranked_words(refused)));
    return rows;
}

std::string Tally::question_rows(SessionEnd const& end, DeskCounts const& desk) const
{
    std::string rows;
    if (desk.allowed + desk.denied + desk.expired > 0)
        rows += row("You were asked",
            fmt::format("{}: {} allowed, {} denied, {} without an answer",
                plural(desk.asked, "time"), desk.allowed, desk.denied, desk.expired));
    if (!unattended_.empty())
        rows += row("Nobody to ask", fmt::format("{}, refused",
                                         plural(unattended_.size() + unattended_more_, "request")))
                + row("", fmt::format("first: {}", shown(unattended_.front())));
    for (auto const& notice : notices_)
        rows += row("Look at", shown(notice));
    if (dropped_.names > 0)
        rows += row("New names", fmt::format("{} not looked up: too many below one zone that a "
                                             "pattern names (network.new_labels)",
                                     dropped_.names));
    if (end.journal_dropped > 0)
        rows += row("Journal", fmt::format("{} lines could not be written", end.journal_dropped));
    if (refused_ > 0)
        rows += row("Next", fmt::format("osh logs {} --denied", end.session));
    return rows;
}

std::string Tally::report_json(SessionEnd const& end, DeskCounts const& desk) const
{
    auto const failed_by = end.failed_by == FailedBy::Osh       ? "osh"
                           : end.failed_by == FailedBy::Program ? "program"
                                                                : "nobody";
    Value::Array hosts, unattended, notices;
    for (auto const& [name, host] : hosts_)
        hosts.push_back(
            Value{Value::Object{{"host", Value{name}}, {"requests", number(host.requests)},
                {"sent", number(host.sent)}, {"refused", number(host.refused)}}});
    for (auto const& words : unattended_)
        unattended.push_back(Value{words});
    for (auto const& words : notices_)
        notices.push_back(Value{words});
    Value::Object credentials;
    for (auto const& [name, uses] : credentials_)
        credentials.push_back({name, number(uses)});
    Value::Object asked{{"asked", number(desk.asked)}, {"allowed", number(desk.allowed)},
        {"denied", number(desk.denied)}, {"expired", number(desk.expired)},
        {"unattended", number(desk.unattended)}, {"flood", number(desk.flood)}};
    Value::Object report{{"v", number(1)}, {"session", Value{end.session}},
        {"name", Value{end.name}}, {"agent", Value{end.agent}}, {"profile", Value{end.profile}},
        {"project", Value{end.project}}, {"started", Value{rfc3339(end.started)}},
        {"ended", Value{rfc3339(end.ended)}},
        {"exit", number(static_cast<unsigned>(end.exit_code))}, {"by_signal", Value{end.by_signal}},
        {"failed_by", Value{std::string(failed_by)}}, {"failure", Value{end.failure}},
        {"requests", number(requests_)}, {"refused", number(refused_)},
        {"bytes_out", number(bytes_up_)}, {"bytes_in", number(bytes_down_)},
        {"hosts", Value{std::move(hosts)}}, {"credentials", Value{std::move(credentials)}},
        {"questions", Value{std::move(asked)}}, {"would_have_asked", Value{std::move(unattended)}},
        {"notices", Value{std::move(notices)}}, {"dropped_packets", dropped_packets(dropped_)},
        {"names_over_limit", number(dropped_.names)},
        {"journal_lines_lost", number(end.journal_dropped)},
        {"changes",
            Value{Value::Object{{"added", number(end.files_added)},
                {"changed", number(end.files_changed)}, {"deleted", number(end.files_deleted)}}}}};
    return policy::json::write(Value{std::move(report)}) + "\n";
}

std::string size_words(std::uint64_t bytes)
{
    constexpr std::uint64_t kKilo = 1000, kMega = 1000 * kKilo, kGiga = 1000 * kMega;
    if (bytes >= kGiga)
        return fmt::format("{:.1f} GB", static_cast<double>(bytes) / kGiga);
    if (bytes >= kMega)
        return fmt::format("{:.1f} MB", static_cast<double>(bytes) / kMega);
    if (bytes >= kKilo)
        return fmt::format("{} kB", bytes / kKilo);
    return fmt::format("{} B", bytes);
}

std::string duration_words(Duration duration)
{
    auto const seconds = duration / 1s;
    if (seconds < 120)
        return fmt::format("{} s", seconds);
    if (seconds < 7200)
        return fmt::format("{} min", seconds / 60);
    return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

} // namespace osh::launcher
