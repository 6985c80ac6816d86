#pragma once
// The supervisor's end of osh-netproxy: starting it, the first message, words both ways, and its
// end, expected or not.

#include "launcher/apply/launch.h"
#include "launcher/supervise/resolver_watch.h"
#include "launcher/supervise/supervisor.h"
#include "launcher/sys/event_loop.h"
#include "launcher/sys/spawn.h"
#include "policy/messages/netproxy.h"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace osh::launcher
{

inline constexpr std::size_t kMaxHelperErrors = 4096; // of its standard error, for the report

struct NetproxyHooks {
    std::function<void(policy::FromNetproxy const&)> said;
    std::function<void(std::string const& how)> gone; // once
};

class NetproxyLink
{
public:
    static Result<std::unique_ptr<NetproxyLink>> start(
        sys::EventLoop& loop, NetproxyProcess process, NetproxyHooks hooks);
    ~NetproxyLink(); // kills what still runs

    // The session's CA certificate, its first word. "" when it has none to say: the loop tells why.
    std::string await_authority();
    // The first message, with the descriptors it names, then the secrets.
    Result<> set_up(SessionRequest& request, Sandbox const& sandbox, std::string const& session);
    Result<> send(policy::ToNetproxy const& message);
    Result<> send_names(NameSources const& names);
    Result<> send_policy(std::uint64_t generation, std::vector<policy::PolicyLayer> const& layers);
    void expect_end() { is_end_expected_ = true; }
    bool is_gone() const { return is_gone_; }
    // One that closed its channel and still runs is ended then.
    Instant next_deadline() const { return kill_at_; }
    void tick();
    void continue_if_stopped() { (void)sys::continue_if_stopped(process_.pidfd); }
    std::string const& errors() const { return errors_; }

private:
    NetproxyLink(sys::EventLoop& loop, NetproxyHooks hooks) : loop_(loop), hooks_(std::move(hooks))
    {
    }
    Result<> watch();
    void on_message();
    void on_errors();
    void on_end();
    void fail_with(std::string const& how);

    sys::EventLoop& loop_;
    NetproxyHooks hooks_;
    sys::HelperProcess process_;
    sys::Fd channel_, errors_pipe_;
    std::vector<sys::WatchId> watches_;
    std::string errors_;
    Instant kill_at_ = Instant::never();
    bool is_gone_ = false, is_end_expected_ = false;
};

} // namespace osh::launcher
