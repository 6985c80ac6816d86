#include "launcher/supervise/resolver_watch.h"

#include "launcher/supervise/core/setup.h"
#include "launcher/sys/io.h"

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxResolvConf = 64 * 1024;
constexpr std::size_t kMaxHosts = 4 * 1024 * 1024; // hosts(5): block lists are large

} // namespace

NameSources read_name_sources(std::vector<std::string> const& added_hosts)
{
    auto const resolv = sys::read_file(kResolvConf, kMaxResolvConf);
    auto const hosts = sys::read_file(kHosts, kMaxHosts);
    return {resolvers_in(resolv.ok() ? *resolv : ""),
        hosts_with(added_hosts, hosts.ok() ? *hosts : "")};
}

Result<std::unique_ptr<ResolverWatch>> ResolverWatch::start(
    sys::EventLoop& loop, std::vector<std::string> added_hosts, Changed changed)
{
    LET(files, sys::FileWatch::create({kResolvConf, kHosts}));
    std::unique_ptr<ResolverWatch> watch(
        new ResolverWatch(loop, std::move(files), std::move(added_hosts)));
    watch->changed_ = std::move(changed);
    LET(id, loop.watch(watch->files_.fd(), sys::Interest::Read,
                [raw = watch.get()](auto) { raw->on_change(); }));
    watch->watch_ = id;
    return watch;
}

// Written in several steps, the file is told of several times; the last one counts.
void ResolverWatch::on_change()
{
    if (!files_.take_events())
        return;
    auto now = read_name_sources(added_hosts_);
    if (now == known_)
        return;
    known_ = std::move(now);
    changed_(known_);
}

} // namespace osh::launcher
