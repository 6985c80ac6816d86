#include "launcher/init/mask_watch.h"

#include "launcher/guard/name_rules.h"
#include "launcher/init/strange_sockets.h"
#include "launcher/plan/probe_request.h"
#include "launcher/plan/tool_directories.h"
#include "launcher/sys/channel.h"
#include "launcher/sys/directory_watch.h"
#include "launcher/sys/entry_calls.h"
#include "launcher/sys/io.h"
#include "launcher/sys/local_socket.h"
#include "launcher/sys/mount.h"
#include "launcher/sys/proc_view.h"
#include "launcher/sys/pty.h"
#include "launcher/sys/signals.h"
#include "launcher/sys/standard_streams.h"

#include <algorithm>
#include <array>
#include <deque>
#include <fcntl.h>
#include <linux/capability.h>
#include <set>
#include <string_view>
#include <unordered_map>

namespace osh::launcher
{
namespace
{

constexpr std::array kWatchCapabilities{CAP_SYS_ADMIN};
constexpr int kAlive = 3, kStarter = 4, kWatch = 5, kLower = 6, kAside = 32;
constexpr char kLowerPath[] = "/proc/self/fd/6/."; // a link at its end would not be followed
constexpr int kRetryPause = 20;                    // milliseconds
constexpr std::string_view kWatching = "watching";

class MaskWatch
{
public:
    // `host` is where the host's own directories are seen: the project itself, but for an overlay,
    // whose directories do not tell what comes into the layer below.
    struct Places {
        std::string root, host;
    };
    MaskWatch(Places places, GuardPlan const& plan, InnerNetworks inner, sys::Fd watch)
        : root_(std::move(places.root)), host_(std::move(places.host)), rules_(plan),
          sockets_(root_, inner), watch_(std::move(watch))
    {
    }

    // Before the agent runs.
    void begin() { add(root_); }

    Result<> run()
    {
        look_below(root_);
        for (;;) {
            sockets_.judge(
                [this](sys::Fd const& socket) { failed_ += mount_mask(socket).ok() ? 0 : 1; });
            LET(has_news, sys::wait_readable(watch_, next_look()));
            if (!has_news) {
                retry();
                continue;
            }
            LET(names, sys::next_new_names(watch_));
            for (auto const& name : names)
                appeared(name);
        }
    }

private:
    void add(std::string const& directory)
    {
        if (places_.size() >= kMaxWatched)
            return;
        int const number = sys::watch_directory(watch_, on_host(directory));
        if (number >= 0)
            places_[number] = directory;
    }

    void appeared(sys::NewName const& name)
    {
        auto const place = places_.find(name.watch);
        if (name.watch == 0)
            look_below(root_);
        else if (place != places_.end())
            judge(place->second, name.name);
    }

    // Covers it, or goes into it.
    void judge(std::string const& directory, std::string const& name)
    {
        std::deque<std::string> open;
        look_at(directory, name, open);
        for (auto const& path : open)
            look_below(path);
    }

    void look_below(std::string const& top)
    {
        std::deque<std::string> open{top};
        std::size_t seen = 0;
        while (!open.empty() && seen < kMaxMaskWalk) {
            std::string const directory = std::move(open.front());
            open.pop_front();
            add(directory); // before it is listed: what comes between is seen twice, not never
            sys::for_each_entry(
                nowhere_, on_host(directory).c_str(), kMaxMaskWalk, [&](std::string_view name) {
                    look_at(directory, std::string(name), open);
                    return ++seen < kMaxMaskWalk;
                });
        }
    }

    void look_at(
        std::string const& directory, std::string const& name, std::deque<std::string>& open)
    {
        std::string const path = directory + "/" + name;
        auto const entry = sys::examine_entry(nowhere_, on_host(path));
        if (entry.is_socket())
            sockets_.add(path);
        if (directory.ends_with("/.git"))
            return; // git's own daemon listens there; nothing else is of interest
        if (!entry.is_link() && rules_.is_masked(directory, name))
            cover(path);
        else if (entry.is_directory() && !is_tool_directory(name))
            open.push_back(path);
    }

    // What cannot be covered because it is gone again needs no cover.
    void cover(std::string const& path)
    {
        auto const done = cover_at(path);
        failed_ += done.ok() ? 0 : 1;
        if (!done.ok() && done.error().code == Errc::NotFound && hidden_yet_.size() < kMaxWatched
            && sys::examine_entry(nowhere_, on_host(path)).error == 0)
            hidden_yet_.insert(path);
    }

    Result<> cover_at(std::string const& path)
    {
        LET(target, sys::look_up(path, sys::Links::Refuse));
        return mount_mask(target);
    }

    // Milliseconds until something is looked at again; -1: nothing is.
    int next_look() const
    {
        int const socket = sockets_.next_look();
        if (hidden_yet_.empty())
            return socket;
        return socket < 0 ? kRetryPause : std::min(socket, kRetryPause);
    }

    // An overlay remembers that a name was not there, until it forgets that for want of memory.
    void retry()
    {
        for (auto path = hidden_yet_.begin(); path != hidden_yet_.end();) {
            bool const is_gone = sys::examine_entry(nowhere_, on_host(*path)).error != 0;
            bool const is_done = is_gone || cover_at(*path).ok();
            path = is_done ? hidden_yet_.erase(path) : std::next(path);
        }
    }

    Result<> mount_mask(sys::Fd const& target)
    {
        LET(kind, sys::kind_of(target));
        LET(mask, sys::look_up(kind.is_directory ? kMaskDirectory : kMaskFile, sys::Links::Refuse));
        LET(mask_kind, sys::kind_of(mask));
        if (kind.device == mask_kind.device && kind.inode == mask_kind.inode)
            return {}; // covered
        LET(tree, sys::clone_mount(mask));
        TRY(sys::restrict_mount(tree, {.read_only = true, .no_exec = true}, sys::Depth::One));
        return sys::attach_mount(tree, target);
    }

    std::string on_host(std::string const& path) const { return host_ + path.substr(root_.size()); }

    std::string root_, host_;
    NameRules rules_;
    StrangeSockets sockets_;
    sys::Fd watch_;
    std::unordered_map<int, std::string> places_;
    std::set<std::string> hidden_yet_; // there on the host, and not seen by the agent so far
    std::size_t failed_ = 0;
    sys::Fd const nowhere_; // paths are absolute
};

// Only these, the watch and the layer below an overlay stay open. The closing of the first tells
// init that we are gone, and a copy of any other would keep its reader waiting.
Result<sys::Fd> keep_channels(AgentParts const& parts, sys::Fd const& starter)
{
    bool const has_lower = parts.tree.lower.is_open();
    LET(null, sys::open_path("/dev/null", O_RDWR));
    TRY(sys::set_standard_streams(null, null, null));
    LET(first, sys::duplicate(parts.mask_alive, kAside));
    LET(second, sys::duplicate(starter, kAside));
    LET(third, sys::duplicate(parts.mask_watch, kAside));
    TRY(sys::place_descriptor(first, kAlive));
    TRY(sys::place_descriptor(second, kStarter));
    TRY(sys::place_descriptor(third, kWatch));
    if (has_lower) {
        LET(lower, sys::duplicate(parts.tree.lower, kAside));
        TRY(sys::place_descriptor(lower, kLower));
        (void)lower.release();
    }
    for (auto* copy : {&first, &second, &third, &null})
        (void)copy->release(); // closed with all others
    TRY(sys::close_from(has_lower ? kLower + 1 : kLower));
    return sys::Fd::adopt_raw_fd(kStarter);
}

Result<> serve(AgentParts const& parts, sys::Fd const& starter)
{
    TRY(sys::start_session()); // Ctrl-C and Ctrl-Z are for the agent
    sys::ignore_all_signals();
    LET(open, keep_channels(parts, starter));
    TRY(sys::change_directory("/"));
    TRY(sys::forbid_new_privileges());
    TRY(sys::keep_only_capabilities(kWatchCapabilities));
    TRY(sys::become_undumpable());
    auto guard = parts.plan.guard;
    std::string host = parts.plan.project;
    if (parts.tree.lower.is_open()) {
        guard.roots = {parts.plan.project};
        host = kLowerPath;
    }
    MaskWatch watch({parts.plan.project, std::move(host)}, guard,
        parts.plan.nested_allow ? InnerNetworks::Allowed : InnerNetworks::None,
        sys::Fd::adopt_raw_fd(kWatch));
    watch.begin();
    sys::Fd const alive = sys::Fd::adopt_raw_fd(kAlive);
    TRY(sys::install_filter(parts.word.mask_watch_filter));
    TRY(sys::send_message(open, bytes_of(kWatching)));
    open.reset();
    return watch.run();
}

} // namespace

Result<sys::Fd> start_mask_watch(AgentParts const& parts)
{
    if (!parts.mask_alive.is_open())
        return sys::Fd();
    LET(pair, sys::make_channel());
    LET(child, sys::clone_sibling([&] {
        pair.ours.reset();
        return serve(parts, pair.theirs).ok() ? 0 : 1;
    }));
    return std::move(pair.ours);
}

Result<> await_mask_watch(sys::Fd const& started)
{
    if (!started.is_open())
        return {};
    LET(answer, sys::receive_message(started, kWatching.size()));
    if (text_of(answer.bytes) != kWatching)
        return fail(Errc::Closed, "the process that covers hidden files did not start");
    return {};
}

} // namespace osh::launcher
