#pragma once
// One TOML table of a profile, read key by key: each getter checks the type, leaves its target
// alone when the key is absent, and reports what is wrong with place, label and help. Not here:
// what a key means.

#include "policy/base/diagnostic.h"
#include "policy/base/time.h"
#include "policy/document/node.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace osh::policy
{

inline constexpr std::size_t kMaxListEntries = 1024; // of one list, all layers together

// What one file says is wrong. Kept by the file, in order of appearance at the end.
class ProfileFindings
{
public:
    explicit ProfileFindings(std::shared_ptr<SourceText const> source) : source_(std::move(source))
    {
    }
    Diagnostic& add(Severity severity, std::string code, Span span, std::string message);
    Diagnostic& error(std::string code, Span span, std::string message)
    {
        return add(Severity::Error, std::move(code), span, std::move(message));
    }
    Diagnostic& last() { return found_.back(); }
    Diagnostics take(); // sorted by place

private:
    std::shared_ptr<SourceText const> source_;
    Diagnostics found_;
};

// How a list of an inherited value and a list of a file become one (design: profiles, merging).
enum class ListRule {
    Merge,    // append without duplicates, "-entry" removes
    GrowOnly, // "-entry" is an error: only [unsafe] remove_deny takes away
    Replace,  // the file's list replaces
};

template<typename E>
using Words = std::vector<std::pair<std::string_view, E>>;

class ProfileReader
{
public:
    // `title` is for people: "[approvals]"; `prefix` stands before keys in messages: "approvals.".
    ProfileReader(
        Node const& table, std::string title, std::string prefix, ProfileFindings& findings);

    void text(std::string_view key, std::string& into);
    void flag(std::string_view key, bool& into);
    void duration(std::string_view key, Duration& into);
    void duration(std::string_view key, std::optional<Duration>& into);
    void size(std::string_view key, std::optional<std::uint64_t>& into);
    void count(std::string_view key, std::uint32_t& into);
    void count(std::string_view key, std::optional<std::uint32_t>& into);
    void ports(std::string_view key, std::vector<std::uint16_t>& into);
    void port(std::string_view key, std::uint16_t& into);
    void strings(
        std::string_view key, std::vector<std::string>& into, ListRule rule = ListRule::Merge);
    void string_table(std::string_view key, std::map<std::string, std::string>& into);

    template<typename E>
    void word(std::string_view key, Words<E> const& words, E& into)
    {
        std::vector<std::string_view> names;
        for (auto const& [name, value] : words)
            names.push_back(name);
        if (auto const index = word_index(key, names))
            into = words[*index].second;
    }

    // The value of a key that the caller reads itself; null when absent.
    Node const* take(std::string_view key);
    // As take(), but the value must be a table (or a list of tables).
    Node const* take_table(std::string_view key);
    std::vector<Node const*> take_tables(std::string_view key);
    // A key of the design that this version cannot serve: an error when present.
    void unavailable(std::string_view key);
    void finish(); // reports unknown keys

    bool has(std::string_view key) const;
    Span key_span(std::string_view key) const; // of the table when absent
    Span span() const { return table_.span; }
    ProfileFindings& findings() { return findings_; }
    std::string path(std::string_view key) const { return prefix_ + std::string(key); }

private:
    std::optional<std::size_t> word_index(
        std::string_view key, std::vector<std::string_view> const& names);
    void wrong_type(Node const& node, std::string_view key, std::string expected, std::string help);
    std::optional<std::int64_t> number(std::string_view key, std::int64_t most);
    void merge_entry(
        Node const& item, std::string_view key, ListRule rule, std::vector<std::string>& into);

    Node const& table_;
    std::string title_, prefix_;
    ProfileFindings& findings_;
    std::vector<std::string_view> known_;
};

} // namespace osh::policy
