#include "launcher/broker/path_walk.h"

#include <cerrno>
#include <fcntl.h>

namespace osh::launcher
{
namespace
{

constexpr int kMaxLinks = 40;                // path_resolution(7)
constexpr std::size_t kMaxComponents = 8192; // 40 links of 4096 bytes, and nobody needs them
constexpr std::uint64_t kProcRootInode = 1;

struct Cut {
    std::string_view head, last;
};

// The last component keeps the slashes after it.
Cut cut(std::string_view path)
{
    std::size_t const end = path.find_last_not_of('/');
    if (end == std::string_view::npos)
        return {path, "."};
    std::size_t const slash = path.rfind('/', end);
    if (slash == std::string_view::npos)
        return {"", path};
    return {path.substr(0, slash + 1), path.substr(slash + 1)};
}

Place failed(int error)
{
    return {sys::Fd(), {}, error};
}

} // namespace

std::string_view Place::bare_name() const
{
    std::string_view bare = name;
    while (bare.size() > 1 && bare.ends_with('/'))
        bare.remove_suffix(1);
    return bare;
}

Place PathWalk::find(sys::Fd start, std::string const& path)
{
    if (path.empty())
        return failed(ENOENT);
    if (ground_.has_other_roots)
        return walk(start, path);
    auto const [head, last] = cut(path);
    if (head.empty())
        return {std::move(start), std::string(last), 0};
    sys::Fd const none;
    auto parent = sys::open_entry(path[0] == '/' ? none : start, std::string(head),
        {O_PATH | O_DIRECTORY, 0, sys::kNoMagicLinks});
    // A magic link, or really a loop; or "self", which must not be ours.
    auto const seen = sys::examine(parent.fd);
    bool const is_proc = parent.ok() && (seen.error != 0 || seen.device == ground_.proc_device);
    if (parent.error == ELOOP || is_proc)
        return walk(start, path);
    return {std::move(parent.fd), std::string(last), parent.error};
}

Place PathWalk::walk(sys::Fd const& start, std::string_view path)
{
    if (path.empty())
        return failed(ENOENT);
    auto const [head, last] = cut(path);
    int error = begin(start, path);
    push(head);
    while (error == 0 && !left_.empty()) {
        std::string const next = std::move(left_.back());
        left_.pop_back();
        error = step(next);
    }
    left_.clear();
    if (error == 0 && is_proc_root(at_) && last.starts_with(ground_.own_process)
        && (last.size() == ground_.own_process.size() || last[ground_.own_process.size()] == '/'))
        error = EACCES;
    return error != 0 ? failed(error) : Place{std::move(at_), std::string(last), 0};
}

int PathWalk::begin(sys::Fd const& start, std::string_view path)
{
    if (ground_.has_other_roots && !own_root_.is_open()) {
        auto root = caller_.root();
        if (!root.ok())
            return root.error;
        own_root_ = std::move(root.fd);
    }
    sys::Fd const& root = own_root_.is_open() ? own_root_ : ground_.root;
    sys::Fd const& base = path[0] == '/' ? root : start;
    auto opened = sys::open_entry(base, ".", {O_PATH | O_DIRECTORY, 0, 0});
    at_ = std::move(opened.fd);
    return opened.error;
}

void PathWalk::push(std::string_view path)
{
    while (!path.empty()) {
        std::size_t const slash = path.rfind('/');
        std::string_view const part =
            slash == std::string_view::npos ? path : path.substr(slash + 1);
        if (!part.empty())
            left_.emplace_back(part);
        path = slash == std::string_view::npos ? std::string_view() : path.substr(0, slash);
    }
}

int PathWalk::step(std::string const& component)
{
    if (component == "." || (component == ".." && is_root(at_)))
        return 0;
    if (left_.size() > kMaxComponents)
        return ENAMETOOLONG;
    if (component == ground_.own_process && is_proc_root(at_))
        return EACCES; // our own entries are not the caller's to use
    auto next = sys::open_entry(at_, component, {O_PATH | O_NOFOLLOW, 0, 0});
    if (!next.ok())
        return next.error;
    auto const entry = sys::examine(next.fd);
    if (entry.is_link())
        return follow_on_the_way(component);
    if (!entry.is_directory())
        return ENOTDIR;
    at_ = std::move(next.fd);
    return 0;
}

int PathWalk::follow_on_the_way(std::string const& component)
{
    if (++links_ > kMaxLinks)
        return ELOOP;
    if (sys::examine(at_).device == ground_.proc_device && !is_proc_root(at_)) {
        auto place = sys::open_entry(at_, component, {O_PATH | O_DIRECTORY, 0, 0});
        at_ = std::move(place.fd);
        return place.error;
    }
    std::string const text = text_of(at_, component);
    if (text.empty())
        return ENOENT;
    int const error = text[0] == '/' ? begin(at_, text) : 0;
    push(text);
    return error;
}

bool PathWalk::is_magic(Place const& link) const
{
    return sys::examine(link.parent).device == ground_.proc_device && !is_proc_root(link.parent);
}

Place PathWalk::follow(Place const& link)
{
    if (++links_ > kMaxLinks)
        return failed(ELOOP);
    std::string const text = text_of(link.parent, std::string(link.bare_name()));
    return text.empty() ? failed(ENOENT) : walk(link.parent, text);
}

std::string PathWalk::text_of(sys::Fd const& directory, std::string const& name) const
{
    if (is_proc_root(directory) && name == "self")
        return std::to_string(caller_.process());
    if (is_proc_root(directory) && name == "thread-self")
        return std::to_string(caller_.process()) + "/task/" + std::to_string(caller_.thread());
    return sys::link_text(directory, name);
}

bool PathWalk::is_proc_root(sys::Fd const& directory) const
{
    auto const entry = sys::examine(directory);
    return entry.device == ground_.proc_device && entry.inode == kProcRootInode;
}

bool PathWalk::is_root(sys::Fd const& directory) const
{
    if (!own_root_.is_open())
        return false; // the kernel stops at our root, which is the caller's
    auto const here = sys::examine(directory), root = sys::examine(own_root_);
    return here.device == root.device && here.inode == root.inode;
}

} // namespace osh::launcher
