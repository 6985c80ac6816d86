#pragma once
// Plain reads and writes, close-on-exec always. EINTR is retried; EAGAIN comes back as Errc::Busy.

#include "launcher/sys/fd.h"
#include "policy/base/bytes.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace osh::sys
{

Result<Fd> open_path(
    std::string const& path, int flags, int mode = 0);          // openat(2), O_CLOEXEC added
Result<std::size_t> read_some(Fd const& fd, MutableBytes into); // 0 at the end
Result<std::size_t> write_some(Fd const& fd, Bytes from);
Result<> write_all(Fd const& fd, Bytes from); // for blocking descriptors
Result<> write_all(Fd const& fd, std::string_view text);
Result<std::string> read_all(Fd const& fd, std::size_t limit); // Errc::TooLarge beyond it
// From a regular file's offset to its end, in the kernel (sendfile(2)); Errc::TooLarge beyond it.
Result<> copy_all(Fd const& from, Fd const& into, std::size_t limit);
Result<std::string> read_file(
    std::string const& path, std::size_t limit); // regular files only: a FIFO is Invalid
Result<Fd> sealed_memfd(
    std::string const& name, std::string_view text); // memfd_create(2), all seals set
Result<> set_nonblocking(Fd const& fd);

} // namespace osh::sys
