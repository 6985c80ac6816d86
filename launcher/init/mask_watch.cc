#include "launcher/init/mask_watch.h"

#include "launcher/guard/name_rules.h"
#include "launcher/plan/probe_request.h"
#include "launcher/plan/tool_directories.h"
#include "launcher/sys/channel.h"
#include "launcher/sys/directory_watch.h"
#include "launcher/sys/entry_calls.h"
#include "launcher/sys/io.h"
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
#include <string_view>
#include <unordered_map>

namespace osh::launcher
{
namespace
{

constexpr std::array kWatchCapabilities{CAP_SYS_ADMIN};
constexpr int kAlive = 3, kStarter = 4, kWatch = 5, kFirstSpare = 6, kAside = 32;
constexpr std::string_view kWatching = "watching";

class MaskWatch
{
public:
    MaskWatch(std::string root, GuardPlan const& plan, sys::Fd watch)
        : root_(std::move(root)), rules_(plan), watch_(std::move(watch))
    {
    }

    // Before the agent runs.
    void begin() { add(root_); }

    Result<> run()
    {
        look_below(root_);
        for (;;) {
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
        int const number = sys::watch_directory(watch_, directory);
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
                nowhere_, directory.c_str(), kMaxMaskWalk, [&](std::string_view name) {
                    look_at(directory, std::string(name), open);
                    return ++seen < kMaxMaskWalk;
                });
        }
    }

    void look_at(
        std::string const& directory, std::string const& name, std::deque<std::string>& open)
    {
        std::string const path = directory + "/" + name;
        auto const entry = sys::examine_entry(nowhere_, path);
        if (!entry.is_link() && rules_.is_masked(directory, name))
            cover(path);
        else if (entry.is_directory() && name != ".git" && !is_tool_directory(name))
            open.push_back(path);
    }

    // What cannot be covered because it is gone again needs no cover.
    void cover(std::string const& path)
    {
        auto const done = mount_mask(path);
        failed_ += done.ok() ? 0 : 1;
    }

    Result<> mount_mask(std::string const& path)
    {
        LET(target, sys::look_up(path, sys::Links::Refuse));
        LET(kind, sys::kind_of(target));
        LET(mask, sys::look_up(kind.is_directory ? kMaskDirectory : kMaskFile, sys::Links::Refuse));
        LET(mask_kind, sys::kind_of(mask));
        if (kind.device == mask_kind.device && kind.inode == mask_kind.inode)
            return {}; // covered
        LET(tree, sys::clone_mount(mask));
        TRY(sys::restrict_mount(tree, {.read_only = true, .no_exec = true}, sys::Depth::One));
        return sys::attach_mount(tree, target);
    }

    std::string root_;
    NameRules rules_;
    sys::Fd watch_;
    std::unordered_map<int, std::string> places_;
    std::size_t failed_ = 0;
    sys::Fd const nowhere_; // paths are absolute
};

// Only these and the watch stay open. The closing of the first tells init that we are gone, and a
// copy of any other would keep its reader waiting.
Result<sys::Fd> keep_channels(AgentParts const& parts, sys::Fd const& starter)
{
    LET(null, sys::open_path("/dev/null", O_RDWR));
    TRY(sys::set_standard_streams(null, null, null));
    LET(first, sys::duplicate(parts.mask_alive, kAside));
    LET(second, sys::duplicate(starter, kAside));
    LET(third, sys::duplicate(parts.mask_watch, kAside));
    TRY(sys::place_descriptor(first, kAlive));
    TRY(sys::place_descriptor(second, kStarter));
    TRY(sys::place_descriptor(third, kWatch));
    for (auto* copy : {&first, &second, &third, &null})
        (void)copy->release(); // closed with all others
    TRY(sys::close_from(kFirstSpare));
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
    MaskWatch watch(parts.plan.project, parts.plan.guard, sys::Fd::adopt_raw_fd(kWatch));
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
