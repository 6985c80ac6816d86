#include "launcher/changes/change.h"

#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kShownPath = 400, kShownTarget = 200;
constexpr unsigned kAnyExecute = 0111;
constexpr unsigned kSetBits = 06000;

bool has_directories_only(ChangeList const& list)
{
    return std::all_of(list.changes.begin(), list.changes.end(), [](Change const& change) {
        return (change.kind == ChangeKind::Deleted ? change.before : change.after).type
               == FileType::Directory;
    });
}

void add(std::string& text, std::string const& part)
{
    text += (text.empty() ? "" : ", ") + part;
}

std::string named(Side const& side)
{
    if (side.type != FileType::Link)
        return std::string(word_of(side.type));
    return "link to " + shown(side.target, kShownTarget);
}

bool is_folder(Change const& change)
{
    Side const& side = change.kind == ChangeKind::Deleted ? change.before : change.after;
    return side.type == FileType::Directory;
}

std::string json_side(Side const& side)
{
    if (side.type == FileType::Nothing)
        return "null";
    std::string text = fmt::format("{{\"type\":\"{}\",\"mode\":\"{:04o}\",\"size\":{}",
        word_of(side.type), side.mode, side.type == FileType::File ? side.size : 0);
    if (side.type == FileType::Link)
        text += ",\"target\":" + json_quoted(side.target);
    return text + "}";
}

std::string json_change(Change const& change)
{
    return fmt::format("{{\"path\":{},\"change\":\"{}\",\"before\":{},\"after\":{},"
                       "\"new_content\":{},\"protected\":{},\"conflict\":{},\"never\":{}}}",
        json_quoted(change.path), static_cast<char>(change.kind), json_side(change.before),
        json_side(change.after), change.has_new_content, json_quoted(change.guarded),
        json_quoted(change.conflict), json_quoted(change.never));
}

} // namespace

std::string_view word_of(FileType type)
{
    switch (type) {
    case FileType::Nothing: return "nothing";
    case FileType::File: return "file";
    case FileType::Directory: return "folder";
    case FileType::Link: return "link";
    case FileType::Fifo: return "FIFO";
    case FileType::Socket: return "socket";
    case FileType::Device: return "device";
    }
    return "nothing";
}

ChangeCounts count(ChangeList const& list)
{
    ChangeCounts counts;
    counts.is_whole = list.is_whole && list.unknown.empty();
    bool const count_directories = has_directories_only(list);
    for (auto const& change : list.changes) {
        bool const is_plain_folder = is_folder(change) && change.kind == ChangeKind::Added;
        if (is_plain_folder && !count_directories)
            continue;
        if (change.kind == ChangeKind::Deleted && is_folder(change))
            counts.deleted += std::max<std::uint64_t>(change.below, 1);
        else
            ++(change.kind == ChangeKind::Added      ? counts.added
                : change.kind == ChangeKind::Deleted ? counts.deleted
                                                     : counts.modified);
    }
    return counts;
}

std::string words_of(ChangeCounts const& counts)
{
    std::string text;
    if (counts.added > 0)
        add(text, fmt::format("{} added", counts.added));
    if (counts.modified > 0)
        add(text, fmt::format("{} changed", counts.modified));
    if (counts.deleted > 0)
        add(text, fmt::format("{} deleted", counts.deleted));
    if (!counts.is_whole)
        add(text, "and more");
    return text.empty() ? "nothing" : text;
}

std::string details_of(Change const& change)
{
    std::string text;
    Side const &before = change.before, &after = change.after;
    if (change.kind == ChangeKind::TypeChanged)
        add(text, named(before) + " → " + named(after));
    else if (after.type != FileType::Nothing && after.type != FileType::File
             && after.type != FileType::Directory)
        add(text, named(after));
    bool const had_file = change.kind == ChangeKind::Modified;
    if (had_file && after.type != FileType::Link && before.mode != after.mode)
        add(text, fmt::format("mode {:o} → {:o}", before.mode, after.mode));
    else if (!had_file && after.type == FileType::File && (after.mode & kAnyExecute) != 0)
        add(text, "executable");
    if (after.type == FileType::File && (after.mode & kSetBits) != 0)
        add(text, "set-id bits, which are not applied");
    if (change.kind == ChangeKind::Deleted && change.below > 0)
        add(text,
            fmt::format("{} {} in it", change.below, change.below == 1 ? "entry" : "entries"));
    if (!change.never.empty())
        add(text, "never applied: " + shown(change.never, kShownTarget));
    if (!change.guarded.empty())
        add(text, "protected: " + shown(change.guarded, kShownTarget));
    if (!change.conflict.empty())
        add(text, "conflict: " + shown(change.conflict, kShownTarget));
    return text;
}

std::string describe(ChangeList const& list)
{
    std::string out;
    for (auto const& change : list.changes) {
        std::string const details = details_of(change);
        out += fmt::format("{}  {}{}{}\n", static_cast<char>(change.kind),
            shown(change.path, kShownPath), is_folder(change) ? "/" : "",
            details.empty() ? "" : "  (" + details + ")");
    }
    for (auto const& problem : list.unknown)
        out += fmt::format("?  {}\n", shown(problem, kShownPath));
    if (!list.is_whole)
        out += "?  there are more changes than can be listed at once: apply or look at folders of "
               "them\n";
    return out;
}

std::string describe_json(ChangeList const& list, ListTitle const& title)
{
    std::string items, unknown;
    for (auto const& change : list.changes)
        items += (items.empty() ? "" : ",") + json_change(change);
    for (auto const& problem : list.unknown)
        unknown += (unknown.empty() ? "" : ",") + json_quoted(problem);
    return fmt::format("{{\"v\":1,\"session\":{},\"project\":{},\"running\":{},\"complete\":{},"
                       "\"changes\":[{}],\"unknown\":[{}]}}\n",
        json_quoted(title.session), json_quoted(title.project), title.is_running,
        list.is_whole && list.unknown.empty(), items, unknown);
}

} // namespace osh::launcher
