#pragma once
// Tells netproxy, which has no files, when this machine's resolv.conf(5) or hosts(5) changed: after
// a suspend or in another network new connections go on working.

#include "launcher/sys/event_loop.h"
#include "launcher/sys/file_watch.h"
#include "policy/messages/netproxy.h"

#include <functional>
#include <memory>
#include <optional>

namespace osh::launcher
{

inline constexpr char const* kResolvConf = "/etc/resolv.conf";
inline constexpr char const* kHosts = "/etc/hosts";

struct NameSources {
    std::vector<std::string> resolvers; // addresses
    std::string hosts;                  // with the session's own entries in front
    friend bool operator==(NameSources const&, NameSources const&) = default;
};
NameSources read_name_sources(std::vector<std::string> const& added_hosts);

class ResolverWatch
{
public:
    using Changed = std::function<void(NameSources const&)>;
    // The error is a comfort lost, nothing more.
    static Result<std::unique_ptr<ResolverWatch>> start(
        sys::EventLoop& loop, std::vector<std::string> added_hosts, Changed changed);
    ~ResolverWatch() { loop_.unwatch(watch_); }

private:
    ResolverWatch(sys::EventLoop& loop, sys::FileWatch files, std::vector<std::string> added_hosts)
        : loop_(loop), files_(std::move(files)), added_hosts_(std::move(added_hosts)),
          known_(read_name_sources(added_hosts_))
    {
    }
    void on_change();

    sys::EventLoop& loop_;
    sys::FileWatch files_;
    sys::WatchId watch_ = 0;
    std::vector<std::string> added_hosts_;
    NameSources known_;
    Changed changed_;
};

} // namespace osh::launcher
