#include "policy/explain/format.h"

#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::policy
{
namespace
{

constexpr std::size_t kWidest = 100; // columns of a line that holds a whole map or list

struct Comment {
    std::uint32_t begin = 0;
    std::string text;         // with its "#"
    bool is_trailing = false; // something stands before it in its line
};

void collect_scalars(Node const& node, std::vector<Span>& out)
{
    if (!node.scalar.empty() || node.kind == NodeKind::String)
        out.push_back(node.span);
    for (auto const& item : node.items)
        collect_scalars(item, out);
    for (auto const& entry : node.entries) {
        out.push_back(entry.key_span);
        collect_scalars(entry.value, out);
    }
}

// YAML 1.2.2 section 6.6: "#" starts a comment at a line's start or behind white space, but not
// within a scalar.
std::vector<Comment> comments_of(Document const& document)
{
    std::vector<Span> scalars;
    collect_scalars(document.root, scalars);
    std::ranges::sort(scalars, {}, &Span::begin);
    std::string_view const text = document.source->text();
    std::vector<Comment> out;
    bool is_line_empty = true;
    for (std::size_t i = 0; i < text.size(); ++i) {
        auto const after = std::ranges::upper_bound(scalars, i, {}, &Span::begin);
        if (after != scalars.begin() && i < std::prev(after)->end) {
            is_line_empty = false;
            i = std::prev(after)->end - 1;
            continue;
        }
        bool const may_start = i == 0 || text[i - 1] == ' ' || text[i - 1] == '\n';
        if (text[i] == '#' && may_start) {
            std::size_t const end = std::min(text.find_first_of("\r\n", i), text.size());
            out.push_back({static_cast<std::uint32_t>(i), std::string(text.substr(i, end - i)),
                !is_line_empty});
            i = end - 1;
            continue;
        }
        is_line_empty = text[i] == '\n' || (is_line_empty && (text[i] == ' ' || text[i] == '\r'));
    }
    return out;
}

bool is_plain(Node const& node)
{
    return node.items.empty() && node.entries.empty();
}

class Writer
{
public:
    explicit Writer(Document const& document)
        : root_(document.root), comments_(comments_of(document))
    {
    }

    std::string run()
    {
        map(root_, 0);
        take_comments(UINT32_MAX, 0);
        return std::move(out_);
    }

private:
    static std::string scalar(Node const& node)
    {
        if (node.kind == NodeKind::List)
            return "[]";
        if (node.kind == NodeKind::Map)
            return "{}";
        bool const is_text = node.kind == NodeKind::String;
        bool const needs_quotes =
            is_text
            && (node.is_quoted || node.scalar.empty()
                || node.scalar.find_first_of("\n\r\t,[]{}\"'#&*!|>%@`") != std::string::npos
                || node.scalar.find(": ") != std::string::npos || node.scalar.ends_with(':'));
        return needs_quotes ? json_quoted(node.scalar) : node.scalar;
    }

    static std::string key_of(Node::Entry const& entry)
    {
        bool const is_word = !entry.key.empty() && std::ranges::all_of(entry.key, [](char c) {
            return c == '_' || c == '-' || c == '.' || (c >= '0' && c <= '9')
                   || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        });
        return is_word && entry.key[0] != '-' ? entry.key : json_quoted(entry.key);
    }

    static std::string flow(Node const& node)
    {
        if (is_plain(node))
            return scalar(node);
        std::string out;
        for (auto const& item : node.items)
            out += (out.empty() ? "" : ", ") + flow(item);
        for (auto const& entry : node.entries)
            out += (out.empty() ? "" : ", ") + key_of(entry) + ": " + flow(entry.value);
        return node.kind == NodeKind::List ? "[" + out + "]" : "{" + out + "}";
    }

    // Up to one level of lists in it: more is hard to read in one line.
    static bool is_short(Node const& node, std::size_t column)
    {
        auto const is_flat = [](Node const& one) {
            return is_plain(one)
                   || (one.kind == NodeKind::List && std::ranges::all_of(one.items, is_plain));
        };
        bool const is_simple =
            node.kind == NodeKind::List
                ? std::ranges::all_of(node.items, is_plain)
                : std::ranges::all_of(
                    node.entries, [&](Node::Entry const& entry) { return is_flat(entry.value); });
        return is_simple && column + flow(node).size() <= kWidest;
    }

    bool has_comment_inside(std::uint32_t begin, std::uint32_t end) const
    {
        return std::ranges::any_of(comments_, [&](Comment const& one) {
            return one.begin > begin && one.begin < end && !one.is_trailing;
        });
    }

    static std::uint32_t last_byte(Node const& node)
    {
        std::uint32_t end = is_plain(node) ? node.span.end : node.span.begin;
        for (auto const& item : node.items)
            end = std::max(end, last_byte(item));
        for (auto const& entry : node.entries)
            end = std::max({end, entry.key_span.end, last_byte(entry.value)});
        return end;
    }

    // Comments before `place`: a trailing one closes the line before, others stand on their own.
    void take_comments(std::uint32_t place, std::size_t indent)
    {
        for (; next_ < comments_.size() && comments_[next_].begin < place; ++next_) {
            Comment const& one = comments_[next_];
            if (one.is_trailing && out_.ends_with('\n') && !last_is_comment_) {
                out_.pop_back();
                out_ += " " + one.text + "\n";
            } else {
                out_ += std::string(indent, ' ') + one.text + "\n";
            }
            last_is_comment_ = true;
        }
    }

    void line(std::string const& text)
    {
        out_ += text + "\n";
        last_is_comment_ = false;
    }

    void value(std::string head, Node const& node, std::size_t indent)
    {
        bool const inside = has_comment_inside(node.span.begin, last_byte(node));
        bool const one_line = indent > 0 && !inside && is_short(node, head.size() + 1);
        if (is_plain(node) || one_line) {
            std::string const text = is_plain(node) ? scalar(node) : flow(node);
            return line(text.empty() ? head : head + " " + text);
        }
        line(head);
        if (node.kind == NodeKind::Map)
            map(node, indent + 2);
        else
            list(node, indent + 2);
    }

    void map(Node const& node, std::size_t indent)
    {
        for (auto const& entry : node.entries) {
            take_comments(entry.key_span.begin, indent);
            value(std::string(indent, ' ') + key_of(entry) + ":", entry.value, indent);
        }
    }

    void list(Node const& node, std::size_t indent)
    {
        std::string const dash = std::string(indent, ' ') + "-";
        for (auto const& item : node.items) {
            take_comments(item.span.begin, indent);
            bool const inside = has_comment_inside(item.span.begin, last_byte(item));
            if (item.kind != NodeKind::Map || is_plain(item)
                || (!inside && is_short(item, dash.size() + 1))) {
                value(dash, item, indent);
                continue;
            }
            // The first key stands behind the dash.
            std::size_t const begin = out_.size();
            map(item, indent + 2);
            std::size_t const first = out_.find_first_not_of(' ', begin);
            if (first != std::string::npos && out_[first] != '#')
                out_.replace(begin + indent, 1, "-");
            else
                out_.insert(begin, dash + "\n");
        }
    }

    Node const& root_;
    std::vector<Comment> comments_;
    std::size_t next_ = 0;
    std::string out_;
    bool last_is_comment_ = false;
};

bool is_same(Node const& a, Node const& b)
{
    return a.kind == b.kind && a.scalar == b.scalar && std::ranges::equal(a.items, b.items, is_same)
           && std::ranges::equal(
               a.entries, b.entries, [](Node::Entry const& x, Node::Entry const& y) {
                   return x.key == y.key && is_same(x.value, y.value);
               });
}

} // namespace

Result<std::string> formatted(Document const& document)
{
    if (has_errors(document.diagnostics) || document.root.kind != NodeKind::Map)
        return fail(Errc::Invalid, "the file is no readable policy");
    std::string text = Writer(document).run();
    Document const again = read_yaml(document.source->name(), text);
    auto const before = comments_of(document);
    bool const keeps_comments =
        std::ranges::equal(before, comments_of(again), {}, &Comment::text, &Comment::text);
    if (has_errors(again.diagnostics) || !is_same(document.root, again.root) || !keeps_comments)
        return fail(
            Errc::Invalid, "the file is laid out in a way that cannot be kept; left as it is");
    return text;
}

} // namespace osh::policy
