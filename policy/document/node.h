#pragma once
// A format-neutral tree of a parsed document, where each node knows its place. Made by yaml_reader
// and toml_reader, read by the compilers. What is not here: types of the policy; the tree only
// knows scalars, lists and maps.

#include "policy/base/diagnostic.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace osh::policy
{

enum class NodeKind : std::uint8_t { Null, Boolean, Integer, Float, String, List, Map };

struct Node {
    struct Entry;

    NodeKind kind = NodeKind::Null;
    bool is_quoted = false;     // a YAML scalar in quotes is a string whatever it looks like
    std::string scalar;         // as written, for all scalar kinds
    std::int64_t integer = 0;   // when kind is Integer
    double number = 0;          // when kind is Float
    bool boolean = false;       // when kind is Boolean
    std::vector<Node> items;    // when kind is List
    std::vector<Entry> entries; // when kind is Map, in document order; keys are unique
    Span span;                  // of the value

    Node const* find(std::string_view key) const; // null if absent or not a map
};

struct Node::Entry {
    std::string key;
    Span key_span;
    Node value;
};

// Bounds of every reader (a policy file is written by a person): bytes, depth, nodes.
struct ReaderLimits {
    std::size_t bytes = 1 << 20;
    std::size_t depth = 32;
    std::size_t nodes = 200'000;
};

struct Document {
    std::shared_ptr<SourceText const> source;
    Node root; // Null for an empty document
    Diagnostics diagnostics;
};

// Never throw, never crash on any bytes. With an error among the diagnostics, root is what could be
// read. YAML 1.2 core schema as serde_yaml reads it; aliases and anchors, several documents, tags,
// duplicate keys are errors.
Document read_yaml(std::string name, std::string text, ReaderLimits const& limits = {});
// TOML 1.0.
Document read_toml(std::string name, std::string text, ReaderLimits const& limits = {});

} // namespace osh::policy
