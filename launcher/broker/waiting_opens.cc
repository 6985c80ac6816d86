#include "launcher/broker/waiting_opens.h"

#include <cerrno>
#include <fcntl.h>

namespace osh::launcher
{

bool WaitingOpens::add(WaitingOpen open)
{
    if (open_.size() >= kMost)
        return false;
    open_.push_back(std::move(open));
    return true;
}

bool WaitingOpens::is_ready(WaitingOpen& open, FinishedOpen& result)
{
    result.id = open.id;
    result.flags = open.flags;
    if (open.reader.is_open()) {
        if (!sys::has_input_or_end(open.reader))
            return false;
        result.file = std::move(open.reader);
    } else {
        auto opened = sys::open_here(sys::own_link_of(open.place), open.flags | O_NONBLOCK);
        if (opened.error == ENXIO)
            return false;
        result.file = std::move(opened.fd);
        result.error = opened.error;
    }
    if (result.file.is_open())
        sys::clear_nonblocking(result.file);
    return true;
}

} // namespace osh::launcher
