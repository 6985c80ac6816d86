// read_yaml over yaml-cpp's event interface. What it is not: a grammar of our own; yaml-cpp finds
// the structure, this file keeps places, resolves scalars, refuses what a policy never needs
// (aliases, tags, several documents, duplicate keys) and turns exceptions into diagnostics.
// YAML 1.2.2, https://yaml.org/spec/1.2.2/. The one file that includes yaml-cpp.

#include "policy/base/text.h"
#include "policy/document/core_schema.h"
#include "policy/document/node.h"
#include "policy/document/text_check.h"

#include <fmt/core.h>
#include <unordered_set>
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/mark.h>
#include <yaml-cpp/parser.h>

#include <optional>
#include <sstream>

namespace osh::policy
{
namespace
{

// yaml-cpp marks only beginnings. The end of a token is found again in the source text.
class Places
{
public:
    explicit Places(SourceText const& source) : text_(source.text()) {}

    static std::uint32_t offset(YAML::Mark const& mark)
    {
        return mark.pos < 0 ? 0 : static_cast<std::uint32_t>(mark.pos);
    }

    Span scalar(std::uint32_t begin, std::string_view value) const
    {
        std::string_view const rest = text_.substr(std::min<std::size_t>(begin, text_.size()));
        if (rest.starts_with('"') || rest.starts_with('\''))
            return {begin, begin + quoted_length(rest)};
        if (!value.empty() && rest.starts_with(value))
            return {begin, begin + static_cast<std::uint32_t>(value.size())};
        return {begin, begin + line_length(rest)};
    }

    Span collection(std::uint32_t begin) const
    {
        std::string_view const rest = text_.substr(std::min<std::size_t>(begin, text_.size()));
        return {begin, begin + std::max<std::uint32_t>(line_length(rest), 1)};
    }

    std::string_view text() const { return text_; }

private:
    static std::uint32_t quoted_length(std::string_view rest)
    {
        char const quote = rest[0];
        for (std::size_t i = 1; i < rest.size(); ++i) {
            if (quote == '"' && rest[i] == '\\')
                ++i;
            else if (rest[i] == quote && quote == '\'' && rest.substr(i + 1).starts_with('\''))
                ++i;
            else if (rest[i] == quote)
                return static_cast<std::uint32_t>(i + 1);
        }
        return static_cast<std::uint32_t>(rest.size());
    }

    static std::uint32_t line_length(std::string_view rest)
    {
        std::string_view line = rest.substr(0, rest.find('\n'));
        while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
            line.remove_suffix(1);
        return static_cast<std::uint32_t>(line.size());
    }

    std::string_view text_;
};

struct Stop {
}; // thrown to leave the parser after a bound was exceeded

class TreeBuilder : public YAML::EventHandler
{
public:
    TreeBuilder(Document& document, ReaderLimits const& limits)
        : document_(document), places_(*document.source), limits_(limits)
    {
    }

    void OnDocumentStart(YAML::Mark const&) override {}
    void OnDocumentEnd() override {}

    void OnNull(YAML::Mark const& mark, YAML::anchor_t anchor) override
    {
        std::uint32_t const begin = Places::offset(mark);
        refuse_anchor(begin, anchor);
        Node node;
        node.span = {begin, begin};
        add(std::move(node));
    }

    void OnAlias(YAML::Mark const& mark, YAML::anchor_t) override
    {
        std::uint32_t const begin = Places::offset(mark);
        error({begin, begin + 1}, "alias", "aliases are not allowed in a policy",
            "write the value out");
        Node node;
        node.span = {begin, begin + 1};
        add(std::move(node));
    }

    void OnScalar(YAML::Mark const& mark, std::string const& tag, YAML::anchor_t anchor,
        std::string const& value) override
    {
        std::uint32_t const begin = Places::offset(mark);
        refuse_anchor(begin, anchor);
        refuse_tag(begin, tag);
        Node node;
        node.scalar = value;
        node.is_quoted = tag == "!";
        node.kind = NodeKind::String;
        node.span = places_.scalar(begin, value);
        if (!node.is_quoted)
            resolve_plain_scalar(node);
        add(std::move(node));
    }

    void OnSequenceStart(YAML::Mark const& mark, std::string const& tag, YAML::anchor_t anchor,
        YAML::EmitterStyle::value) override
    {
        open(NodeKind::List, Places::offset(mark), tag, anchor);
    }
    void OnSequenceEnd() override { close(); }
    void OnMapStart(YAML::Mark const& mark, std::string const& tag, YAML::anchor_t anchor,
        YAML::EmitterStyle::value) override
    {
        open(NodeKind::Map, Places::offset(mark), tag, anchor);
    }
    void OnMapEnd() override { close(); }

private:
    struct Open {
        Node node;
        bool has_key = false;
        bool drops_value = false; // the key was refused: read its value, keep nothing
        Node::Entry entry;
        std::unordered_set<std::string> keys;
    };

    void error(Span span, std::string code, std::string message, std::string label)
    {
        document_.diagnostics.push_back({Severity::Error, std::move(code), std::move(message), span,
            std::move(label), "", document_.source});
    }

    void refuse_anchor(std::uint32_t begin, YAML::anchor_t anchor)
    {
        if (anchor != YAML::NullAnchor)
            error({begin, begin + 1}, "anchor", "anchors are not allowed in a policy",
                "this value carries an anchor (&…)");
    }

    void refuse_tag(std::uint32_t begin, std::string const& tag)
    {
        if (tag != "?" && tag != "!" && !tag.empty())
            error({begin, begin + 1}, "tag", "tags are not allowed in a policy",
                fmt::format("this value carries the tag {}", in_quotes(tag, 40)));
    }

    void open(NodeKind kind, std::uint32_t begin, std::string const& tag, YAML::anchor_t anchor)
    {
        refuse_anchor(begin, anchor);
        refuse_tag(begin, tag);
        if (stack_.size() >= limits_.depth) {
            error({begin, begin + 1}, "too-deep",
                fmt::format("nested more than {} levels deep", limits_.depth), "");
            throw Stop{};
        }
        Open open;
        open.node.kind = kind;
        open.node.span = places_.collection(begin);
        stack_.push_back(std::move(open));
    }

    void close()
    {
        Node node = std::move(stack_.back().node);
        stack_.pop_back();
        add(std::move(node));
    }

    void add(Node node)
    {
        if (++nodes_ > limits_.nodes) {
            error(node.span, "too-many-nodes",
                fmt::format("more than {} values in one file", limits_.nodes), "");
            throw Stop{};
        }
        if (stack_.empty()) {
            document_.root = std::move(node);
            return;
        }
        Open& parent = stack_.back();
        if (parent.node.kind == NodeKind::List)
            parent.node.items.push_back(std::move(node));
        else if (!parent.has_key)
            add_key(parent, node);
        else
            add_value(parent, std::move(node));
    }

    void add_key(Open& parent, Node const& key)
    {
        parent.has_key = true;
        parent.drops_value = true;
        if (key.kind == NodeKind::List || key.kind == NodeKind::Map
            || (key.kind == NodeKind::Null && key.scalar.empty())) {
            error(key.span, "complex-key", "a key must be a single word", "this is not a word");
            return;
        }
        if (!parent.keys.insert(key.scalar).second) {
            error(key.span, "duplicate-key",
                fmt::format("key {} appears twice", in_quotes(key.scalar, 60)),
                first_place(parent, key.scalar));
            return;
        }
        parent.drops_value = false;
        parent.entry.key = key.scalar;
        parent.entry.key_span = key.span;
    }

    std::string first_place(Open const& parent, std::string const& key) const
    {
        for (auto const& entry : parent.node.entries)
            if (entry.key == key)
                return fmt::format(
                    "first written in line {}", document_.source->place(entry.key_span.begin).line);
        return "";
    }

    static void add_value(Open& parent, Node value)
    {
        parent.has_key = false;
        if (parent.drops_value)
            return;
        parent.entry.value = std::move(value);
        parent.node.entries.push_back(std::move(parent.entry));
        parent.entry = {};
    }

    Document& document_;
    Places places_;
    ReaderLimits const& limits_;
    std::vector<Open> stack_;
    std::size_t nodes_ = 0;
};

struct Wording {
    std::string_view theirs;
    std::string_view ours;
    std::string_view label;
};

// yaml-cpp's words, and what a person should do about them.
Wording const kWordings[] = {
    {YAML::ErrorMsg::END_OF_MAP_FLOW, "expected \",\" or \"}\" in flow mapping", ""},
    {YAML::ErrorMsg::END_OF_SEQ_FLOW, "expected \",\" or \"]\" in flow list", ""},
    {YAML::ErrorMsg::END_OF_MAP, "expected a key of this mapping",
        "check the indentation of this line"},
    {YAML::ErrorMsg::END_OF_SEQ, "expected \"- \" of this list",
        "check the indentation of this line"},
    {YAML::ErrorMsg::TAB_IN_INDENTATION, "a tab cannot indent YAML", "use spaces"},
    {YAML::ErrorMsg::MAP_KEY, "a key cannot start here", ""},
    {YAML::ErrorMsg::MAP_VALUE, "a second \": \" cannot stand here",
        "put the text in quotes, or start a new line"},
    {YAML::ErrorMsg::BLOCK_ENTRY, "a list item cannot start here",
        "\"- \" belongs at the start of a line"},
    {YAML::ErrorMsg::EOF_IN_SCALAR, "the closing quote is missing", "the text starts here"},
    {YAML::ErrorMsg::DOC_IN_SCALAR, "the closing quote is missing before the document ends", ""},
    {YAML::ErrorMsg::FLOW_END, "a closing bracket without an opening one", ""},
    {YAML::ErrorMsg::UNKNOWN_TOKEN, "this character cannot start a value", "put it in quotes"},
    {YAML::ErrorMsg::UNKNOWN_ANCHOR, "aliases are not allowed in a policy", "write the value out"},
    {YAML::ErrorMsg::CHAR_IN_ALIAS, "aliases are not allowed in a policy",
        "\"*\" starts an alias: put the text in quotes"},
    {YAML::ErrorMsg::ALIAS_NOT_FOUND, "aliases are not allowed in a policy",
        "\"*\" starts an alias: put the text in quotes"},
    {YAML::ErrorMsg::CHAR_IN_ANCHOR, "anchors are not allowed in a policy",
        "\"&\" starts an anchor: put the text in quotes"},
};

// In "{ method: GET path: x }" yaml-cpp points at the ":" behind "path"; the mistake is before it.
std::uint32_t second_key(std::string_view text, std::uint32_t begin)
{
    if (begin >= text.size() || text[begin] != ':')
        return begin;
    std::size_t const blank = text.substr(0, begin).find_last_of(" \t\n,{[");
    bool const follows_word =
        blank != std::string_view::npos && (text[blank] == ' ' || text[blank] == '\t');
    return follows_word ? static_cast<std::uint32_t>(blank + 1) : begin;
}

std::uint32_t word_end(std::string_view text, std::uint32_t begin)
{
    std::size_t const end = text.find_first_of(" \t\r\n,:}]", begin);
    std::size_t const stop = end == std::string_view::npos ? text.size() : end;
    return static_cast<std::uint32_t>(std::max<std::size_t>(stop, begin));
}

// A tab before the first word of the line: yaml-cpp then stumbles over what comes behind it.
std::optional<std::uint32_t> tab_before(std::string_view text, std::uint32_t begin)
{
    std::size_t const end_of_last = text.substr(0, begin).rfind('\n');
    std::size_t const line = end_of_last == std::string_view::npos ? 0 : end_of_last + 1;
    std::size_t const word = text.find_first_not_of(" \t", line);
    std::size_t const tab = text.substr(line, word - line).find('\t');
    if (tab == std::string_view::npos)
        return std::nullopt;
    return static_cast<std::uint32_t>(line + tab);
}

Diagnostic tab_error(Document const& document, std::uint32_t place)
{
    return {Severity::Error, "yaml-syntax", "a tab cannot indent YAML", {place, place + 1},
        "use spaces", "", document.source};
}

Diagnostic grammar_error(Document const& document, YAML::Exception const& thrown)
{
    std::string_view const text = document.source->text();
    std::uint32_t begin =
        std::min(Places::offset(thrown.mark), static_cast<std::uint32_t>(text.size()));
    if (auto const tab = tab_before(text, begin))
        return tab_error(document, *tab);
    Diagnostic out{Severity::Error, "yaml-syntax", "", {}, "", "", document.source};
    for (auto const& wording : kWordings)
        if (wording.theirs == thrown.msg) {
            out.message = wording.ours;
            out.label = wording.label;
        }
    if (out.message.empty())
        out.message = "not valid YAML: " + shown(thrown.msg, 80);
    if (thrown.msg == YAML::ErrorMsg::END_OF_MAP_FLOW) {
        std::uint32_t const key = second_key(text, begin);
        if (key != begin) {
            begin = key;
            out.label = "a second key starts here";
            out.help = "flow mappings need commas: { method: GET, path: \"/v1/**\" }";
        }
    }
    out.span = {begin, word_end(text, begin)};
    return out;
}

void parse(Document& document, ReaderLimits const& limits)
{
    std::istringstream stream{std::string(document.source->text())};
    YAML::Parser parser(stream);
    TreeBuilder builder(document, limits);
    if (!parser.HandleNextDocument(builder))
        return;
    Document second{document.source, {}, {}};
    TreeBuilder rest(second, limits);
    if (parser.HandleNextDocument(rest) && second.root.kind != NodeKind::Null)
        document.diagnostics.push_back(
            {Severity::Error, "several-documents", "a second document starts in this file",
                second.root.span, "one file holds one policy", "", document.source});
}

} // namespace

Document read_yaml(std::string name, std::string text, ReaderLimits const& limits)
{
    Document document;
    document.source = std::make_shared<SourceText const>(
        std::move(name), without_byte_order_mark(std::move(text)));
    if (auto unfit = unfit_text(document.source, limits)) {
        document.diagnostics.push_back(*std::move(unfit));
        return document;
    }
    try {
        parse(document, limits);
    } catch (Stop const&) {
        // Its reason is among the diagnostics.
    } catch (YAML::Exception const& thrown) {
        document.diagnostics.push_back(grammar_error(document, thrown));
    }
    return document;
}

} // namespace osh::policy
