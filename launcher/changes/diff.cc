#include "launcher/changes/diff.h"

#include "launcher/changes/line_diff.h"
#include "launcher/sys/io.h"
#include "launcher/sys/tree_calls.h"
#include "policy/base/text.h"

#include <algorithm>
#include <fcntl.h>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kBinaryLook = 8000; // bytes in which git looks for a NUL, too
constexpr std::size_t kShownLine = 10'000;
constexpr unsigned kExecute = 0100;

struct Content {
    std::string text;
    bool is_shown = true; // false: too large or unreadable
};

Content content_of(sys::Fd const& root, std::string const& path, Side const& side)
{
    if (side.type == FileType::Link)
        return {side.target, true};
    if (side.type != FileType::File)
        return {};
    auto const file = sys::open_below(root, path, O_RDONLY);
    if (!file.ok() || !sys::examine(file.fd).is_regular())
        return {"", false};
    auto text = sys::read_all(file.fd, kMaxDiffed);
    return text.ok() ? Content{*std::move(text), true} : Content{"", false};
}

bool is_binary(Content const& content)
{
    return content.text.substr(0, kBinaryLook).find('\0') != std::string::npos;
}

// As git has them: only whether the owner may execute counts.
std::string git_mode(Side const& side)
{
    if (side.type == FileType::Link)
        return "120000";
    return (side.mode & kExecute) != 0 ? "100755" : "100644";
}

bool has_content(Side const& side)
{
    return side.type == FileType::File || side.type == FileType::Link;
}

std::string shown_line(std::string_view line)
{
    std::string out;
    bool is_first = true;
    for (auto const part : split(line, '\t')) {
        out += is_first ? "" : "\t";
        out += shown(part, kShownLine);
        is_first = false;
    }
    return out;
}

class Writer
{
public:
    Writer(
        KeptChanges const& kept, DiffText text, std::function<void(std::string const&)> const& sink)
        : kept_(kept), text_(text), sink_(sink)
    {
    }

    void write(Change const& change) const
    {
        Side const &before = change.before, &after = change.after;
        if (before.type == FileType::Directory && after.type != FileType::Directory)
            remark(change, "the folder goes, with all in it");
        else if (after.type >= FileType::Fifo)
            remark(change, "is never applied");
        else if (after.type == FileType::Directory && change.kind == ChangeKind::Modified)
            remark(change, "");
        bool const is_both = has_content(before) && has_content(after);
        if (is_both && before.type != after.type) { // git has no word for a change of type
            write_pair(change, before, Side{});
            write_pair(change, Side{}, after);
        } else if (has_content(before) || has_content(after)) {
            write_pair(
                change, has_content(before) ? before : Side{}, has_content(after) ? after : Side{});
        }
    }

private:
    // What no patch can say; such lines are passed over by patch(1) and git.
    void remark(Change const& change, std::string_view words) const
    {
        std::string const details = details_of(change);
        sink_(fmt::format("# {} {}{}{}{}\n", static_cast<char>(change.kind),
            shown(change.path, kShownLine), words.empty() ? "" : ": ", words,
            details.empty() ? "" : " (" + details + ")"));
    }

    void write_pair(Change const& change, Side const& before, Side const& after) const
    {
        std::string const old_name = git_name_text("a/", change.path);
        std::string const new_name = git_name_text("b/", change.path);
        std::string out = fmt::format("diff --git {} {}\n", old_name, new_name);
        bool const is_new = before.type == FileType::Nothing;
        bool const is_gone = after.type == FileType::Nothing;
        if (is_new)
            out += "new file mode " + git_mode(after) + "\n";
        else if (is_gone)
            out += "deleted file mode " + git_mode(before) + "\n";
        else if (git_mode(before) != git_mode(after))
            out += "old mode " + git_mode(before) + "\nnew mode " + git_mode(after) + "\n";
        auto const old_text = content_of(kept_.project, change.path, before);
        auto const new_text = content_of(kept_.upper, change.path, after);
        std::string const from = is_new ? "/dev/null" : old_name;
        std::string const to = is_gone ? "/dev/null" : new_name;
        sink_(out + body({old_text, new_text, from, to}));
    }

    struct Pair {
        Content const& before;
        Content const& after;
        std::string const& from;
        std::string const& to;
    };
    std::string body(Pair const& pair) const
    {
        if (!pair.before.is_shown || !pair.after.is_shown)
            return fmt::format(
                "Files {} and {} differ (too large, or not readable)\n", pair.from, pair.to);
        if (pair.before.text == pair.after.text)
            return {};
        if (is_binary(pair.before) || is_binary(pair.after))
            return fmt::format("Binary files {} and {} differ\n", pair.from, pair.to);
        auto const hunks = unified_hunks(
            diff_lines(pair.before.text, pair.after.text), [&](std::string_view line) {
                return text_ == DiffText::Bytes ? std::string(line) : shown_line(line);
            });
        return fmt::format("--- {}\n+++ {}\n{}", pair.from, pair.to, hunks);
    }

    KeptChanges const& kept_;
    DiffText text_;
    std::function<void(std::string const&)> const& sink_;
};

} // namespace

void write_diff(KeptChanges const& kept, ChangeList const& list, DiffText text,
    std::function<void(std::string const&)> const& sink)
{
    Writer const writer(kept, text, sink);
    for (auto const& change : list.changes)
        writer.write(change);
}

std::string git_name_text(std::string_view prefix, std::string_view path)
{
    std::string quoted;
    bool is_plain = true;
    for (char const c : path) {
        auto const byte = static_cast<unsigned char>(c);
        bool const is_named = c == '"' || c == '\\';
        if (byte < 0x20 || byte >= 0x7f)
            quoted += fmt::format("\\{:03o}", byte);
        else
            quoted += is_named ? std::string{'\\', c} : std::string(1, c);
        is_plain = is_plain && !is_named && byte >= 0x20 && byte < 0x7f;
    }
    return is_plain ? fmt::format("{}{}", prefix, path) : fmt::format("\"{}{}\"", prefix, quoted);
}

} // namespace osh::launcher
