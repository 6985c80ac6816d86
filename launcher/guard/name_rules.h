#pragma once
// Which names may not come into being in directories that the sandbox shares with the host: what an
// editor, an agent, a shell or a package manager outside would obey (the profile's `protect`), and
// what the profile hides (`mask`). A value that answers questions about names; who asks resolves
// the directory first. Names are compared without regard to ASCII case, as some file systems do.
// What is special about git's own directories is git_entry.h's. Design: security H14.

#include "launcher/guard/git_config.h"
#include "launcher/plan/plan.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

namespace osh::launcher
{

enum class EntryKind : std::uint8_t { File, Directory, Link };

// Names and globs in lower case; a name that is in none costs one look-up.
class NameSet
{
public:
    void add(std::string const& name);
    bool has(std::string const& lower) const;

private:
    std::unordered_set<std::string> names_;
    std::vector<std::string> globs_;
};

class NameRules
{
public:
    explicit NameRules(GuardPlan const& plan);

    // Cheap, without context: no means that `name` is refused nowhere.
    bool may_matter(std::string_view name) const;

    // May an entry `name` not be made or written in `directory` (absolute, free of links)? The
    // pattern that refuses it.
    std::optional<std::string> refusal(
        std::string_view directory, std::string_view name, EntryKind kind) const;

    // Cheap: no means that no directory on the way is protected as a whole.
    bool may_lie_in_protected(std::string_view path) const;

    // What a directory must not contain when it becomes `name` in `directory`: relative paths.
    std::vector<std::string> absent_below(std::string_view directory, std::string_view name) const;

    // Does the profile hide an entry of this name there?
    bool is_masked(std::string_view directory, std::string_view name) const;

    // Is the directory in a tree that the host sees?
    bool is_shared(std::string_view directory) const;
    // Is it in a place of the home that outlives the session? git's names count there, no others.
    bool is_kept(std::string_view directory) const;
    GitReach git_reach(std::string_view directory) const; // as long as the rules live

    // Are names in this directory judged at all?
    bool is_judged(std::string_view directory) const;

private:
    struct Pattern {
        std::string text;
        std::vector<std::string> parts; // lower case
    };
    std::optional<std::string> masked(std::string_view path) const;
    // The part of the path below the root that holds it; nothing outside of the roots.
    std::optional<std::string_view> below_root(std::string_view directory) const;

    std::vector<std::string> roots_, kept_, masks_;
    std::vector<Pattern> protect_;
    NameSet words_; // every part of a pattern, and the last one of a mask
    NameSet last_of_protect_;
};

std::string lower_case(std::string_view text);

} // namespace osh::launcher
