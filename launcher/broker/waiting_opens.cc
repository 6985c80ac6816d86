#include "launcher/broker/waiting_opens.h"

#include "launcher/sys/process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <tuple>

namespace osh::launcher
{
namespace
{

// In the child. A caller that is gone meanwhile is nobody to be answered.
int open_and_answer(sys::Fd const& listener, WaitingOpen const& open)
{
    if (!sys::die_with_parent().ok())
        return 1;
    auto opened = sys::open_here(sys::own_link_of(open.place), open.flags);
    auto const close_on_exec =
        (open.flags & O_CLOEXEC) != 0 ? sys::CloseOnExec::Yes : sys::CloseOnExec::No;
    if (opened.ok())
        opened.error =
            sys::answer_at_once(listener, open.id, std::move(opened.fd), close_on_exec);
    if (opened.error != 0)
        sys::answer_call(listener, open.id, opened.error);
    return 0;
}

} // namespace

int WaitingOpens::add(WaitingOpen open)
{
    if (waiting_.size() >= kMost)
        return ENFILE;
    constexpr std::uint64_t kAnswered = O_CREAT | O_EXCL | O_NOFOLLOW; // of the FIFO that is there
    open.flags &= ~kAnswered;
    auto child = sys::clone_process({}, [&] {
        reports_.reset();
        return open_and_answer(listener_, open);
    });
    if (!child.ok())
        return EAGAIN;
    waiting_.push_back({open.id, open.thread, std::move(child->pidfd)});
    return 0;
}

bool WaitingOpens::is_over(Waiting const& waiting, sys::Fd const& proc) const
{
    if (!sys::is_waiting(listener_, waiting.id))
        return true;
    auto const interruption = interruption_of(proc, waiting.thread);
    if (interruption == Interruption::None)
        return false;
    // Still the same call, so it was its thread that was looked at.
    if (interruption == Interruption::Restart)
        sys::interrupt_call(listener_, waiting.id);
    else
        sys::answer_call(listener_, waiting.id, EINTR);
    return true;
}

void WaitingOpens::look(sys::Fd const& proc)
{
    for (auto& waiting : waiting_) {
        if (!is_over(waiting, proc))
            continue;
        // It may have ended by itself.
        std::ignore = sys::signal_process(waiting.helper, SIGKILL);
        waiting.helper.reset();
    }
    std::erase_if(waiting_, [](Waiting const& one) { return !one.helper.is_open(); });
}

} // namespace osh::launcher
