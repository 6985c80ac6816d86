#pragma once
// A descriptor whose last close(2) waits for the kernel, and which nobody has to wait for. An
// inotify(7) instance takes 5 to 30 ms to go (a grace period of its marks,
// fsnotify_destroy_group()), of the end of every session, while the person's shell waits for the
// prompt. Its events are over at once, either way. Not for what others must see closed.

#include "launcher/sys/fd.h"

namespace osh::sys
{

// Gives the last reference to the kernel, which drops it in a worker of its own (Linux 6.9; an
// older kernel makes the caller wait, and so does a shortage of descriptors).
void close_in_background(Fd fd);

// Owns one that ends this way.
class LateFd
{
public:
    LateFd() = default;
    explicit LateFd(Fd fd) : fd_(std::move(fd)) {}
    LateFd(LateFd&&) noexcept = default;
    LateFd& operator=(LateFd&& other) noexcept
    {
        std::swap(fd_, other.fd_);
        return *this;
    }
    ~LateFd() { close_in_background(std::move(fd_)); }

    Fd const& fd() const { return fd_; }

private:
    Fd fd_;
};

} // namespace osh::sys
