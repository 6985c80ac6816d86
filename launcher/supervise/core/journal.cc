#include "launcher/supervise/core/journal.h"

#include "policy/base/text.h"

#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

using policy::json::Value;

constexpr std::size_t kMaxLine = 64 * 1024; // of a journal file that we read back
constexpr std::size_t kMaxChain = 8;        // ancestors in a line

void add(Value::Object& object, std::string_view key, std::string_view text)
{
    if (!text.empty())
        object.push_back({std::string(key), Value{std::string(clipped(text, kJournalField))}});
}

Value::Object program_object(policy::Program const& program)
{
    Value::Object object;
    add(object, "binary", program.binary);
    add(object, "script", program.script);
    if (program.pid != 0)
        object.push_back({"pid", Value{std::int64_t{program.pid}}});
    Value::Array chain;
    for (auto const& ancestor : program.chain)
        if (chain.size() < kMaxChain)
            chain.push_back(Value{std::string(clipped(ancestor, kJournalField))});
    if (!chain.empty())
        object.push_back({"chain", Value{std::move(chain)}});
    if (program.is_ambiguous)
        object.push_back({"ambiguous", Value{true}});
    Value::Array taints;
    for (auto const& taint : program.taints)
        if (taints.size() < kMaxChain)
            taints.push_back(Value{std::string(clipped(taint, kJournalField))});
    if (!taints.empty())
        object.push_back({"taints", Value{std::move(taints)}});
    return object;
}

void add_target(Value::Object& object, policy::Target const& target)
{
    add(object, "host", target.host);
    if (target.port != 0)
        object.push_back({"port", Value{std::int64_t{target.port}}});
    add(object, "scheme", target.scheme);
    add(object, "method", target.method);
    add(object, "path", target.path);
    add(object, "ip", target.ip);
}

std::string text_at(Value const& value, std::string_view key)
{
    Value const* found = value.find(key);
    if (found == nullptr || found->text() == nullptr)
        return {};
    return *found->text();
}

std::string target_words(Value const& value)
{
    std::string words;
    if (auto const method = text_at(value, "method"); !method.empty())
        words = shown(method, 20) + " ";
    words += shown(text_at(value, "host"));
    Value const* port = value.find("port");
    if (port != nullptr && port->number() != nullptr && *port->number() != 443)
        words += fmt::format(":{}", *port->number());
    return words + shown(text_at(value, "path"));
}

} // namespace

std::string rfc3339(WallTime time)
{
    using namespace std::chrono;
    sys_time<milliseconds> const at{milliseconds(time.milliseconds)};
    auto const day = floor<days>(at);
    year_month_day const date(day);
    hh_mm_ss const clock(at - day);
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", static_cast<int>(date.year()),
        static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
        clock.hours().count(), clock.minutes().count(), clock.seconds().count(),
        clock.subseconds().count());
}

std::string_view clipped(std::string_view text, std::size_t limit)
{
    if (text.size() <= limit)
        return text;
    // Never cuts inside a character: continuation bytes are 10xxxxxx.
    while (limit > 0 && (static_cast<unsigned char>(text[limit]) & 0xc0) == 0x80)
        --limit;
    return text.substr(0, limit);
}

std::string journal_line(policy::Decided const& decided, WallTime when)
{
    Value::Object line;
    add(line, "when", rfc3339(when));
    add(line, "kind", decided.kind);
    add(line, "decision", decided.decision);
    add(line, "code", decided.code);
    add_target(line, decided.target);
    line.push_back({"program", Value{program_object(decided.program)}});
    add(line, "policy", decided.policy);
    if (decided.rule_line != 0)
        add(line, "rule", fmt::format("{}:{}", decided.rule_file, decided.rule_line));
    else
        add(line, "rule", decided.rule_file);
    add(line, "reason", decided.reason);
    add(line, "credential", decided.credential);
    add(line, "question", decided.question);
    return policy::json::write(Value{std::move(line)});
}

std::string journal_line(JournalEvent const& event, WallTime when)
{
    Value::Object line;
    add(line, "when", rfc3339(when));
    add(line, "kind", event.kind);
    for (auto const& field : event.fields)
        line.push_back(field);
    return policy::json::write(Value{std::move(line)});
}

std::optional<std::string> journal_line_for_people(std::string_view line)
{
    auto const value = policy::json::parse(line, kMaxLine);
    if (!value.ok() || value->object() == nullptr)
        return std::nullopt;
    std::string const when = text_at(*value, "when");
    std::string const kind = text_at(*value, "kind");
    std::string const decision = text_at(*value, "decision");
    std::string out = fmt::format("{}  ", when.size() >= 19 ? when.substr(11, 8) : "--:--:--");
    if (decision.empty()) {
        out += shown(kind, 30);
        for (auto const& field : *value->object())
            if (field.key != "when" && field.key != "kind" && field.value.text() != nullptr)
                out += fmt::format("  {}={}", shown(field.key, 30), in_quotes(*field.value.text()));
        return out;
    }
    out += fmt::format("{:<6}{:<9}{}", decision == "deny" ? "DENY" : shown(decision, 6),
        shown(kind, 20), target_words(*value));
    if (Value const* program = value->find("program"))
        if (auto const binary = text_at(*program, "binary"); !binary.empty())
            out += "  " + shown(binary.substr(binary.rfind('/') + 1), 40);
    for (auto const* key : {"code", "rule", "credential", "question"})
        if (auto const text = text_at(*value, key); !text.empty())
            out += fmt::format("  {}={}", key, shown(text, 80));
    return out;
}

bool is_denied_line(std::string_view line)
{
    auto const value = policy::json::parse(line, kMaxLine);
    return value.ok() && text_at(*value, "decision") == "deny";
}

JournalGate::Word JournalGate::admit(std::size_t bytes, Instant now)
{
    if (now - second_ >= 1s) {
        second_ = now;
        lines_ = 0;
    }
    if (lines_ >= kJournalLinesPerSecond) {
        ++dropped_;
        return Word::Drop;
    }
    ++lines_;
    if (written_ + bytes > file_limit_) {
        written_ = bytes;
        return Word::RotateThenWrite;
    }
    written_ += bytes;
    return Word::Write;
}

std::uint64_t JournalGate::take_dropped()
{
    dropped_in_all_ += dropped_;
    return std::exchange(dropped_, 0);
}

} // namespace osh::launcher
