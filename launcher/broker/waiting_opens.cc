#include "launcher/broker/waiting_opens.h"

#include "launcher/sys/process.h"
#include "policy/base/bytes.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <fcntl.h>
#include <tuple>
#include <utility>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxResult = 12;
constexpr int kMostDying = 500; // milliseconds from SIGKILL to the end of a helper

// In the child. The result names the call, so that one that was given up is known as such.
int open_and_tell(sys::Fd const& results, WaitingOpen const& open)
{
    if (!sys::die_with_parent().ok())
        return 1;
    auto const opened = sys::open_here(sys::own_link_of(open.place), open.flags);
    ByteWriter out;
    out.u64_le(open.id);
    out.u32_le(static_cast<std::uint32_t>(opened.error));
    std::vector<sys::Fd const*> files;
    if (opened.ok())
        files.push_back(&opened.fd);
    return sys::send_message(results, out.take(), files).ok() ? 0 : 1;
}

Result<FinishedOpen> finished_in(sys::Received received)
{
    ByteReader in(received.bytes);
    FinishedOpen result;
    LET(id, in.u64_le());
    LET(error, in.u32_le());
    result.id = id;
    result.error = static_cast<int>(error);
    if (received.descriptors.size() == 1)
        result.file = std::move(received.descriptors[0]);
    return result;
}

} // namespace

int WaitingOpens::add(WaitingOpen open)
{
    if (waiting_.size() >= kMost)
        return ENFILE;
    if (!results_.ours.is_open()) {
        auto pair = sys::make_channel();
        if (!pair.ok())
            return pair.error().sys_errno;
        results_ = *std::move(pair);
    }
    constexpr std::uint64_t kAnswered = O_CREAT | O_EXCL | O_NOFOLLOW; // of the FIFO that is there
    open.flags &= ~kAnswered;
    auto child = sys::copy_process([&] {
        reports_.reset();
        return open_and_tell(results_.theirs, open);
    });
    if (!child.ok())
        return EAGAIN;
    waiting_.push_back({open.id, open.flags, open.thread, std::move(child->pidfd)});
    return 0;
}

std::vector<FinishedOpen> WaitingOpens::take_finished()
{
    std::vector<FinishedOpen> finished;
    while (!waiting_.empty()) {
        auto received = sys::receive_message(results_.ours, kMaxResult, sys::Wait::No);
        if (!received.ok())
            break;
        auto result = finished_in(*std::move(received));
        auto const at = std::find_if(waiting_.begin(), waiting_.end(),
            [&](Waiting const& one) { return result.ok() && one.id == result->id; });
        if (at == waiting_.end())
            continue; // it was given up
        result->flags = at->flags;
        finished.push_back(*std::move(result));
        waiting_.erase(at);
    }
    return finished;
}

bool WaitingOpens::end_if_over(Waiting& waiting, sys::Fd const& proc)
{
    bool const is_gone = !sys::is_waiting(listener_, waiting.id);
    auto const interruption = is_gone ? Interruption::None : interruption_of(proc, waiting.thread);
    bool const ended_before =
        std::exchange(waiting.has_ended, sys::has_input_or_end(waiting.helper));
    if (ended_before && !is_gone) { // without a word
        is_lost_ = is_lost_ || !sys::answer_call(listener_, waiting.id, EIO);
        return true;
    }
    if (!is_gone && interruption == Interruption::None)
        return false;
    // It may have opened meanwhile: then its result is no call's any more.
    std::ignore = sys::signal_process(waiting.helper, SIGKILL);
    // Gone before the caller goes on, which could open the FIFO anew and meet our end of it.
    sys::wait_for(waiting.helper, kMostDying);
    // If it still waits, it was its thread that was looked at.
    if (interruption == Interruption::Restart)
        is_lost_ = is_lost_ || !sys::interrupt_call(listener_, waiting.id);
    else if (interruption == Interruption::Fail)
        is_lost_ = is_lost_ || !sys::answer_call(listener_, waiting.id, EINTR);
    return true;
}

void WaitingOpens::look(sys::Fd const& proc)
{
    std::erase_if(waiting_, [&](Waiting& one) { return end_if_over(one, proc); });
}

} // namespace osh::launcher
