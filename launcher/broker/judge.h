#pragma once
// May this entry be made, written, moved here? Names are looked at first, without any system call;
// only one that could matter somewhere costs a look at where it is.

#include "launcher/broker/directory_names.h"
#include "launcher/broker/git_guard.h"
#include "launcher/broker/path_walk.h"
#include "launcher/guard/name_rules.h"

#include <optional>
#include <string>

namespace osh::launcher
{

class Judge
{
public:
    Judge(GuardPlan const& plan, DirectoryNames& names) : rules_(plan), names_(names) {}

    bool may_matter(std::string_view name) const { return rules_.may_matter(name); }
    // Could one of these words of a path, without links in it, be a protected directory?
    bool may_lie_in_protected(std::string_view path) const
    {
        return rules_.may_lie_in_protected(path);
    }
    Ruling may_make(Place const& at, EntryKind kind, MadeBy how) const;
    Ruling may_write(Place const& at) const;
    Ruling may_rename(Place const& from, Place const& to) const;

private:
    struct Seen {
        std::string directory; // as text
        std::string name;
        GitEntry git = GitEntry::None;
    };
    std::optional<Seen> look(Place const& at) const;
    Ruling by_directory(Place const& at) const;
    Ruling may_contain(Place const& from, Seen const& to) const;
    Ruling by_name(Seen const& seen, EntryKind kind) const;

    NameRules rules_;
    DirectoryNames& names_;
};

} // namespace osh::launcher
