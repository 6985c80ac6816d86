#include "policy/compile/findings.h"

#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

std::vector<Node> const kNoItems;
std::vector<Node::Entry> const kNoEntries;

std::string list_of(std::vector<std::string_view> const& words)
{
    std::string out;
    for (auto word : words)
        (out += out.empty() ? "" : ", ") += word;
    return out;
}

} // namespace

void Findings::add(Severity severity, Span span, std::string_view code, Words words)
{
    out_.push_back({severity, std::string(code), std::move(words.message), span,
        std::move(words.label), std::move(words.help), source_});
}

void Findings::error(Span span, std::string_view code, Words words)
{
    add(Severity::Error, span, code, std::move(words));
}

void Findings::warning(Span span, std::string_view code, Words words)
{
    add(Severity::Warning, span, code, std::move(words));
}

void Findings::note(Span span, std::string_view code, Words words)
{
    add(Severity::Note, span, code, std::move(words));
}

std::string_view describe(Node const& node)
{
    switch (node.kind) {
    case NodeKind::Null: return "nothing";
    case NodeKind::Boolean: return "true or false";
    case NodeKind::Integer:
    case NodeKind::Float: return "a number";
    case NodeKind::String: return "a text";
    case NodeKind::List: return "a list";
    case NodeKind::Map: return "a map";
    }
    return "something else";
}

MapReader::MapReader(Findings& findings, Node const& node, std::string_view what,
    std::initializer_list<std::string_view> known)
    : findings_(findings), node_(node), what_(what), is_map_(node.kind == NodeKind::Map)
{
    if (!is_map_) {
        findings_.error(node.span, "wrong-type",
            {fmt::format("{} must be a map", what_), fmt::format("this is {}", describe(node))});
        return;
    }
    std::vector<std::string_view> const words(known);
    for (auto const& entry : node.entries) {
        if (std::ranges::find(words, entry.key) != words.end())
            continue;
        auto const nearest = nearest_word(entry.key, words);
        findings_.error(entry.key_span, "unknown-key",
            {fmt::format("unknown key {} in {}", in_quotes(entry.key, 60), what_),
                nearest.empty() ? "" : fmt::format("did you mean \"{}\"?", nearest),
                nearest.empty() ? "known keys: " + list_of(words) : ""});
    }
}

Span MapReader::span_of(std::string_view key) const
{
    Node const* value = find(key);
    return value ? value->span : node_.span;
}

Span MapReader::key_span_of(std::string_view key) const
{
    for (auto const& entry : node_.entries)
        if (entry.key == key)
            return entry.key_span;
    return node_.span;
}

void MapReader::refuse_type(
    Node const& value, std::string_view key, std::string_view expected) const
{
    std::string help;
    if (expected == "a text" && value.kind != NodeKind::List && value.kind != NodeKind::Map
        && value.kind != NodeKind::Null)
        help = fmt::format("put it in quotes: {}: \"{}\"", key, shown(value.scalar, 60));
    findings_.error(value.span, "wrong-type",
        {fmt::format("{} must be {}", key, expected), fmt::format("this is {}", describe(value)),
            std::move(help)});
}

std::string MapReader::text(std::string_view key, std::string fallback) const
{
    Node const* value = find(key);
    if (!value)
        return fallback;
    if (value->kind == NodeKind::String)
        return value->scalar;
    refuse_type(*value, key, "a text");
    return fallback;
}

bool MapReader::flag(std::string_view key, bool fallback) const
{
    Node const* value = find(key);
    if (!value)
        return fallback;
    if (value->kind == NodeKind::Boolean)
        return value->boolean;
    refuse_type(*value, key, "true or false");
    return fallback;
}

std::uint32_t MapReader::number(
    std::string_view key, std::uint32_t fallback, std::int64_t limit) const
{
    Node const* value = find(key);
    if (!value)
        return fallback;
    if (value->kind != NodeKind::Integer) {
        refuse_type(*value, key, "a number");
        return fallback;
    }
    if (value->integer < 0 || value->integer > limit) {
        findings_.error(
            value->span, "out-of-range", {fmt::format("{} must be from 0 to {}", key, limit)});
        return fallback;
    }
    return static_cast<std::uint32_t>(value->integer);
}

std::vector<std::string> MapReader::texts(std::string_view key) const
{
    std::vector<std::string> out;
    for (auto const& item : items(key)) {
        if (item.kind == NodeKind::String)
            out.push_back(item.scalar);
        else
            refuse_type(item, fmt::format("each of {}", key), "a text");
    }
    return out;
}

std::vector<Node> const& MapReader::items(std::string_view key) const
{
    Node const* value = find(key);
    if (value && value->kind == NodeKind::List)
        return value->items;
    if (value && value->kind != NodeKind::Null)
        refuse_type(*value, key, "a list");
    return kNoItems;
}

std::vector<Node::Entry> const& MapReader::entries(std::string_view key) const
{
    Node const* value = find(key);
    if (value && value->kind == NodeKind::Map)
        return value->entries;
    if (value && value->kind != NodeKind::Null)
        refuse_type(*value, key, "a map");
    return kNoEntries;
}

} // namespace osh::policy
