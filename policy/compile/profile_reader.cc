#include "policy/compile/profile_reader.h"

#include "policy/base/text.h"
#include "policy/compile/profile_units.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

std::string seen(Node const& node)
{
    switch (node.kind) {
    case NodeKind::Null: return "nothing";
    case NodeKind::Boolean: return "true or false";
    case NodeKind::Integer:
    case NodeKind::Float: return "a number";
    case NodeKind::String: return "a text";
    case NodeKind::List: return "a list";
    case NodeKind::Map: return "a table";
    }
    return "something else";
}

bool is_number(Node const& node)
{
    return node.kind == NodeKind::Integer || node.kind == NodeKind::Float;
}

std::string listed(std::vector<std::string_view> const& words)
{
    std::string out;
    for (auto const word : words)
        out += fmt::format("{}\"{}\"", out.empty() ? "" : ", ", word);
    return out;
}

constexpr char const* kDurationHelp = "write \"60s\" or \"2m\"";
constexpr char const* kNoUnit = "a number without a unit";
constexpr char const* kSizeHelp = "write \"512M\" or \"4G\"";

} // namespace

Diagnostic& ProfileFindings::add(
    Severity severity, std::string code, Span span, std::string message)
{
    Diagnostic d;
    d.severity = severity;
    d.code = std::move(code);
    d.message = std::move(message);
    d.span = span;
    d.source = source_;
    found_.push_back(std::move(d));
    return found_.back();
}

Diagnostics ProfileFindings::take()
{
    std::ranges::stable_sort(found_, {}, [](auto const& d) { return d.span.begin; });
    return std::move(found_);
}

ProfileReader::ProfileReader(
    Node const& table, std::string title, std::string prefix, ProfileFindings& findings)
    : table_(table), title_(std::move(title)), prefix_(std::move(prefix)), findings_(findings)
{
}

Node const* ProfileReader::take(std::string_view key)
{
    known_.push_back(key);
    for (auto const& entry : table_.entries)
        if (entry.key == key)
            return &entry.value;
    return nullptr;
}

bool ProfileReader::has(std::string_view key) const
{
    return std::ranges::any_of(table_.entries, [&](auto const& e) { return e.key == key; });
}

Span ProfileReader::key_span(std::string_view key) const
{
    for (auto const& entry : table_.entries)
        if (entry.key == key)
            return entry.key_span;
    return table_.span;
}

void ProfileReader::wrong_type(
    Node const& node, std::string_view key, std::string expected, std::string help)
{
    auto& d =
        findings_.error("wrong-type", node.span, fmt::format("{} must be {}", path(key), expected));
    d.label = seen(node);
    d.help = std::move(help);
}

void ProfileReader::text(std::string_view key, std::string& into)
{
    Node const* const node = take(key);
    if (node == nullptr)
        return;
    if (node->kind == NodeKind::String)
        into = node->scalar;
    else
        wrong_type(*node, key, "a text", "put it in quotes");
}

void ProfileReader::flag(std::string_view key, bool& into)
{
    Node const* const node = take(key);
    if (node == nullptr)
        return;
    if (node->kind == NodeKind::Boolean)
        into = node->boolean;
    else
        wrong_type(*node, key, "true or false", "write true or false without quotes");
}

void ProfileReader::duration(std::string_view key, std::optional<Duration>& into)
{
    Node const* const node = take(key);
    if (node == nullptr)
        return;
    auto const parsed =
        node->kind == NodeKind::String ? parse_duration(node->scalar) : std::nullopt;
    if (parsed) {
        into = parsed;
        return;
    }
    wrong_type(*node, key, "a duration", kDurationHelp);
    if (is_number(*node))
        findings_.last().label = kNoUnit;
}

void ProfileReader::duration(std::string_view key, Duration& into)
{
    std::optional<Duration> value = into;
    duration(key, value);
    into = *value;
}

void ProfileReader::size(std::string_view key, std::optional<std::uint64_t>& into)
{
    Node const* const node = take(key);
    if (node == nullptr)
        return;
    auto const parsed = node->kind == NodeKind::String ? parse_size(node->scalar) : std::nullopt;
    if (parsed) {
        into = parsed;
        return;
    }
    wrong_type(*node, key, "a size", kSizeHelp);
    if (is_number(*node))
        findings_.last().label = kNoUnit;
}

std::optional<std::int64_t> ProfileReader::number(std::string_view key, std::int64_t most)
{
    Node const* const node = take(key);
    if (node == nullptr)
        return std::nullopt;
    if (node->kind == NodeKind::Integer && node->integer >= 0 && node->integer <= most)
        return node->integer;
    wrong_type(*node, key, fmt::format("a whole number from 0 to {}", most), "");
    return std::nullopt;
}

void ProfileReader::count(std::string_view key, std::optional<std::uint32_t>& into)
{
    if (auto const value = number(key, INT32_MAX))
        into = static_cast<std::uint32_t>(*value);
}

void ProfileReader::count(std::string_view key, std::uint32_t& into)
{
    if (auto const value = number(key, INT32_MAX))
        into = static_cast<std::uint32_t>(*value);
}

void ProfileReader::port(std::string_view key, std::uint16_t& into)
{
    if (auto const value = number(key, UINT16_MAX))
        into = static_cast<std::uint16_t>(*value);
}

void ProfileReader::ports(std::string_view key, std::vector<std::uint16_t>& into)
{
    Node const* const node = take(key);
    if (node == nullptr)
        return;
    bool is_right = node->kind == NodeKind::List;
    std::vector<std::uint16_t> ports;
    for (auto const& item : node->items) {
        bool const fits =
            item.kind == NodeKind::Integer && item.integer > 0 && item.integer <= UINT16_MAX;
        is_right = is_right && fits;
        if (fits)
            ports.push_back(static_cast<std::uint16_t>(item.integer));
    }
    if (!is_right) {
        wrong_type(*node, key, "a list of ports", "write [3000, 8080]");
        return;
    }
    for (auto const p : ports)
        if (std::ranges::find(into, p) == into.end() && into.size() < kMaxListEntries)
            into.push_back(p);
}

void ProfileReader::merge_entry(
    Node const& item, std::string_view key, ListRule rule, std::vector<std::string>& into)
{
    std::string const& entry = item.scalar;
    bool const removes = rule != ListRule::Replace && entry.starts_with("-") && entry.size() > 1;
    if (removes && rule == ListRule::GrowOnly) {
        auto& d =
            findings_.error("deny-removed", item.span, fmt::format("{} can only grow", path(key)));
        d.label = "removes an inherited entry";
        d.help =
            fmt::format("if it must go: [unsafe] remove_deny = [{}]", in_quotes(entry.substr(1)));
    } else if (removes) {
        if (std::erase(into, entry.substr(1)) == 0) {
            auto& d = findings_.add(Severity::Warning, "removes-nothing", item.span,
                fmt::format("{} has no entry {}", path(key), in_quotes(entry.substr(1))));
            d.label = "removes nothing";
        }
    } else if (into.size() >= kMaxListEntries) {
        findings_.error("too-large", item.span,
            fmt::format("{} has more than {} entries", path(key), kMaxListEntries));
    } else if (std::ranges::find(into, entry) == into.end()) {
        into.push_back(entry);
    }
}

void ProfileReader::strings(std::string_view key, std::vector<std::string>& into, ListRule rule)
{
    Node const* const node = take(key);
    if (node == nullptr)
        return;
    if (node->kind != NodeKind::List) {
        std::string const example =
            node->kind == NodeKind::String ? in_quotes(node->scalar) : "\"…\"";
        wrong_type(*node, key, "a list of texts", fmt::format("write [{}]", example));
        return;
    }
    if (rule == ListRule::Replace)
        into.clear();
    for (auto const& item : node->items) {
        if (item.kind == NodeKind::String && !item.scalar.empty())
            merge_entry(item, key, rule, into);
        else
            wrong_type(item, key, "a list of texts", "each entry is a text in quotes");
    }
}

void ProfileReader::string_table(std::string_view key, std::map<std::string, std::string>& into)
{
    Node const* const node = take_table(key);
    if (node == nullptr)
        return;
    for (auto const& entry : node->entries) {
        std::string const inner = fmt::format("{}.{}", key, shown(entry.key));
        if (entry.value.kind != NodeKind::String)
            wrong_type(entry.value, inner, "a text", "put it in quotes");
        else if (into.size() < kMaxListEntries)
            into[entry.key] = entry.value.scalar;
    }
}

Node const* ProfileReader::take_table(std::string_view key)
{
    Node const* const node = take(key);
    if (node == nullptr || node->kind == NodeKind::Map)
        return node;
    wrong_type(*node, key, "a table", fmt::format("write [{}] above its keys", path(key)));
    return nullptr;
}

std::vector<Node const*> ProfileReader::take_tables(std::string_view key)
{
    Node const* const node = take(key);
    std::vector<Node const*> tables;
    if (node == nullptr)
        return tables;
    bool is_right = node->kind == NodeKind::List;
    for (auto const& item : node->items) {
        is_right = is_right && item.kind == NodeKind::Map;
        if (item.kind == NodeKind::Map)
            tables.push_back(&item);
    }
    if (!is_right)
        wrong_type(*node, key, "a list of tables", "");
    return tables;
}

void ProfileReader::unavailable(std::string_view key)
{
    if (take(key) == nullptr)
        return;
    auto& d = findings_.error("unavailable", key_span(key),
        fmt::format("{} is not available in osh {}", path(key), OSH_VERSION));
    d.label = "remove it";
}

void ProfileReader::finish()
{
    for (auto const& entry : table_.entries) {
        if (std::ranges::find(known_, entry.key) != known_.end())
            continue;
        auto& d = findings_.error("unknown-key", entry.key_span,
            fmt::format("unknown key {} in {}", in_quotes(entry.key), title_));
        auto const nearest = nearest_word(entry.key, known_);
        if (nearest.empty())
            d.help = "known keys: " + listed(known_);
        else
            d.label = fmt::format("did you mean \"{}\"?", nearest);
    }
}

std::optional<std::size_t> ProfileReader::word_index(
    std::string_view key, std::vector<std::string_view> const& names)
{
    Node const* const node = take(key);
    if (node == nullptr)
        return std::nullopt;
    for (std::size_t i = 0; i < names.size(); ++i)
        if (node->kind == NodeKind::String && node->scalar == names[i])
            return i;
    wrong_type(*node, key, fmt::format("one of {}", listed(names)), "");
    if (node->kind == NodeKind::String) {
        auto const nearest = nearest_word(node->scalar, names);
        findings_.last().label =
            nearest.empty() ? "unknown word" : fmt::format("did you mean \"{}\"?", nearest);
    }
    return std::nullopt;
}

} // namespace osh::policy
