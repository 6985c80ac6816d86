#pragma once
// One difference between the real project and what a session wrote over it, as a value; how a list
// of them is shown to people and to programs. Names are hostile: shown(), json_quoted(). Pure.

#include <cstdint>
#include <string>
#include <vector>

namespace osh::launcher
{

enum class ChangeKind : char { Added = 'A', Modified = 'M', Deleted = 'D', TypeChanged = 'T' };
enum class FileType : std::uint8_t { Nothing, File, Directory, Link, Fifo, Socket, Device };

struct Side {
    FileType type = FileType::Nothing;
    unsigned mode = 0; // permission bits, 07777
    std::uint64_t size = 0, inode = 0;
    std::int64_t changed_ns = 0; // st_ctim
    std::string target;          // of a link
};

struct Change {
    std::string path; // relative to the project, without a leading slash
    ChangeKind kind = ChangeKind::Added;
    Side before, after;
    bool has_new_content = true; // Modified: false when the mode alone differs
    std::uint64_t below = 0;     // Deleted directory: what lies in it
    // Why `osh changes apply` leaves it, "" when it does not.
    std::string guarded;          // unless it is named with --protected
    bool is_named_itself = false; // and by its own path, not by that of a folder above
    std::string conflict;         // unless --force
    std::string never;            // in any case
};

struct ChangeCounts {
    std::uint64_t added = 0, modified = 0, deleted = 0; // a change of type is a modification
    bool is_whole = true;                               // false: there are more
    std::uint64_t all() const { return added + modified + deleted; }
};

struct ChangeList {
    std::vector<Change> changes;      // by path; a directory comes before what lies in it
    std::vector<std::string> unknown; // what could not be looked at, with the reason
    bool is_whole = true;             // false: the walk's bound was met
};

ChangeCounts count(ChangeList const& list);       // directories are not counted where files are
std::string words_of(ChangeCounts const& counts); // "2 added, 1 changed"

std::string describe(ChangeList const& list); // a line each
struct ListTitle {
    std::string session, project;
    bool is_running = false;
};
std::string describe_json(ChangeList const& list, ListTitle const& title);

// "mode 644 → 755", "file → link to ../x", "leads to /etc": what a line says behind the name.
std::string details_of(Change const& change);
std::string_view word_of(FileType type);

} // namespace osh::launcher
