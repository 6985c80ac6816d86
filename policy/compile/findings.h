#pragma once
// Where the compiler puts what it finds wrong, and the reading of one map of the schema: known keys
// only, each of the type the schema says. What it is not: checks between fields (validate_*.cc).

#include "policy/document/node.h"

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace osh::policy
{

class Findings
{
public:
    Findings(std::shared_ptr<SourceText const> source, Diagnostics& out)
        : source_(std::move(source)), out_(out)
    {
    }

    struct Words {
        std::string message;
        std::string label = {};
        std::string help = {};
    };

    void error(Span span, std::string_view code, Words words);
    void warning(Span span, std::string_view code, Words words);
    void note(Span span, std::string_view code, Words words);
    std::uint32_t line_of(Span span) const { return source_->place(span.begin).line; }
    std::shared_ptr<SourceText const> const& source() const { return source_; }

private:
    void add(Severity severity, Span span, std::string_view code, Words words);

    std::shared_ptr<SourceText const> source_;
    Diagnostics& out_;
};

std::string_view describe(Node const& node); // "a list", "a number" …

class MapReader
{
public:
    // `what` names the map in messages: "endpoint". A node that is no map is reported; then every
    // field reads as absent.
    MapReader(Findings& findings, Node const& node, std::string_view what,
        std::initializer_list<std::string_view> known);

    bool is_map() const { return is_map_; }
    Node const& node() const { return node_; }
    Node const* find(std::string_view key) const { return is_map_ ? node_.find(key) : nullptr; }
    Span span_of(std::string_view key) const;     // of the value; of the map when absent
    Span key_span_of(std::string_view key) const; // of the key; of the map when absent

    std::string text(std::string_view key, std::string fallback = {}) const;
    bool flag(std::string_view key, bool fallback) const;
    std::uint32_t number(std::string_view key, std::uint32_t fallback,
        std::int64_t limit = std::numeric_limits<std::uint32_t>::max()) const;
    std::vector<std::string> texts(std::string_view key) const;
    std::vector<Node> const& items(std::string_view key) const;          // of a list
    std::vector<Node::Entry> const& entries(std::string_view key) const; // of a map

private:
    void refuse_type(Node const& value, std::string_view key, std::string_view expected) const;

    Findings& findings_;
    Node const& node_;
    std::string what_;
    bool is_map_ = false;
};

} // namespace osh::policy
