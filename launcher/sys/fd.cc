#include "launcher/sys/fd.h"

#include <unistd.h>

namespace osh::sys
{

Fd& Fd::operator=(Fd&& other) noexcept
{
    if (this != &other) {
        reset();
        raw_ = std::exchange(other.raw_, -1);
    }
    return *this;
}

Fd Fd::adopt_raw_fd(int raw)
{
    return Fd(raw);
}

void Fd::reset()
{
    // close(2): on Linux the descriptor is gone even after EINTR, so there is nothing to retry.
    if (raw_ >= 0)
        ::close(std::exchange(raw_, -1));
}

} // namespace osh::sys
