#pragma once
// The supervisor's end of init (PID 1 in the sandbox): words both ways, and its end.

#include "launcher/apply/launch.h"
#include "launcher/init/words.h"
#include "launcher/sys/event_loop.h"
#include "launcher/sys/spawn.h"

#include <functional>
#include <memory>

namespace osh::launcher
{

struct InitHooks {
    std::function<void(FromInit const&)> said;
    std::function<void(std::string const& how)> gone; // once
};

class InitLink
{
public:
    static Result<std::unique_ptr<InitLink>> start(
        sys::EventLoop& loop, sys::Fd pidfd, sys::Fd channel, InitHooks hooks);
    ~InitLink(); // kills what still runs, and with it the whole sandbox

    Result<> send(ToInit const& word);
    void kill();
    void continue_if_stopped() { (void)sys::continue_if_stopped(pidfd_); }
    bool is_gone() const { return is_gone_; }

private:
    InitLink(sys::EventLoop& loop, InitHooks hooks) : loop_(loop), hooks_(std::move(hooks)) {}
    void on_word();
    void on_end();

    sys::EventLoop& loop_;
    InitHooks hooks_;
    sys::Fd pidfd_, channel_;
    std::vector<sys::WatchId> watches_;
    bool is_gone_ = false;
};

} // namespace osh::launcher
