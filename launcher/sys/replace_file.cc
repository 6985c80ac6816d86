#include "launcher/sys/replace_file.h"

#include "launcher/sys/folder.h"
#include "launcher/sys/io.h"

#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

constexpr std::size_t kNameDigits = 12;
constexpr int kModeBits = 07777;

Result<> write_whole(std::string const& path, std::string_view text, int mode)
{
    LET(file, open_path(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
    TRY(write_all(file, text));
    if (::fchmod(file.raw(), static_cast<mode_t>(mode)) != 0 || ::fsync(file.raw()) != 0)
        return fail_errno(errno, "cannot finish " + path);
    return {};
}

} // namespace

Result<> replace_file(std::string const& path, std::string_view text)
{
    struct stat status {
    };
    if (::lstat(path.c_str(), &status) != 0)
        return fail_errno(errno, "cannot examine " + path);
    if (!S_ISREG(status.st_mode))
        return fail(Errc::Invalid, path + " is not a regular file");
    std::string const fresh = path + ".new-" + random_hex(kNameDigits);
    auto written = write_whole(fresh, text, static_cast<int>(status.st_mode) & kModeBits);
    if (written.ok() && ::rename(fresh.c_str(), path.c_str()) != 0)
        written = fail_errno(errno, "cannot replace " + path);
    if (!written.ok())
        ::unlink(fresh.c_str());
    return written;
}

} // namespace osh::sys
