#pragma once
// From a path of the caller to a directory and a name in it: path_resolution(7), as the kernel
// would do it for the caller and not for us. /proc/self means the caller; what only we could reach
// through our own /proc entries is refused. No name below is followed that the caller of this class
// did not ask for.

#include "launcher/broker/caller.h"
#include "launcher/sys/entry_calls.h"

#include <string>
#include <string_view>
#include <vector>

namespace osh::launcher
{

struct Place {
    sys::Fd parent;   // O_PATH
    std::string name; // as it stands in the path: slashes at its end count
    int error = 0;
    std::string_view bare_name() const; // without them
};

// What does not change from call to call.
struct WalkGround {
    sys::Fd const& root;           // "/" as we see it
    std::uint64_t proc_device = 0; // st_dev of procfs
    std::string own_process;       // our number in it
    // Callers may have made mount namespaces and roots of their own (nested sandboxes).
    bool has_other_roots = false;
};

class PathWalk
{
public:
    PathWalk(WalkGround const& ground, Caller const& caller) : ground_(ground), caller_(caller) {}

    // One kernel call where the path leads through no magic link of /proc.
    Place find(sys::Fd start, std::string const& path);
    // Component by component.
    Place walk(sys::Fd const& start, std::string_view path);
    // The last component of this place is a link: where it leads, as a place.
    Place follow(Place const& link);
    bool is_magic(Place const& link) const;

private:
    int begin(sys::Fd const& start, std::string_view path);
    int step(std::string const& component);
    int follow_on_the_way(std::string const& component);
    std::string text_of(sys::Fd const& directory, std::string const& name) const;
    void push(std::string_view path);
    bool is_proc_root(sys::Fd const& directory) const;
    bool is_root(sys::Fd const& directory) const;

    WalkGround const& ground_;
    Caller const& caller_;
    sys::Fd at_, own_root_;
    std::vector<std::string> left_; // components, the next one last
    int links_ = 0;
};

} // namespace osh::launcher
