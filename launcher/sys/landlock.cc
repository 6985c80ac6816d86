// landlock_create_ruleset(2), landlock_add_rule(2), landlock_restrict_self(2).

#include "launcher/sys/landlock.h"

#include "launcher/sys/mount.h"

#include <cerrno>
#include <sys/syscall.h>
#include <unistd.h>

namespace osh::sys
{
namespace
{

// linux/landlock.h of Linux 7.1; Debian 12 has that of 6.1.
struct RulesetAttr {
    std::uint64_t handled_access_fs = 0, handled_access_net = 0, scoped = 0;
};
struct [[gnu::packed]] PathBeneath {
    std::uint64_t allowed_access = 0;
    std::int32_t parent_fd = -1;
};
constexpr unsigned kVersionFlag = 1, kErrataFlag = 2;
constexpr int kRulePathBeneath = 1;

constexpr std::uint64_t bit(unsigned number)
{
    return std::uint64_t{1} << number;
}
constexpr std::uint64_t kExecute = bit(0), kWriteFile = bit(1), kReadFile = bit(2),
                        kReadDir = bit(3), kRemoveDir = bit(4), kRemoveFile = bit(5),
                        kMakeDir = bit(7), kMakeReg = bit(8), kMakeSock = bit(9),
                        kMakeFifo = bit(10), kMakeSym = bit(12), kRefer = bit(13),
                        kTruncate = bit(14), kIoctlDev = bit(15), kResolveUnix = bit(16);
constexpr std::uint64_t kFirstAbi = bit(13) - 1;
constexpr std::uint64_t kForFiles =
    kExecute | kWriteFile | kReadFile | kTruncate | kIoctlDev | kResolveUnix;
constexpr int kFirstWithScopes = 6;
constexpr std::uint64_t kScopeAbstractSocket = bit(0), kScopeSignal = bit(1);

std::uint64_t rights_of_abi(int abi)
{
    std::uint64_t rights = kFirstAbi;
    rights |= abi >= 2 ? kRefer : 0;
    rights |= abi >= 3 ? kTruncate : 0;
    rights |= abi >= 5 ? kIoctlDev : 0;
    // Granted for opened doors only: sockets that programs inside made stay open to them, others
    // are closed, also those that appear later (Linux 7.1).
    rights |= abi >= 9 ? kResolveUnix : 0;
    return rights;
}

std::uint64_t rights_of(LandlockAccess access)
{
    constexpr std::uint64_t kRead = kReadFile | kReadDir;
    // Device nodes are never made inside; sockets and FIFOs are: development tools need them.
    constexpr std::uint64_t kWrite = kRead | kWriteFile | kRemoveDir | kRemoveFile | kMakeDir
                                     | kMakeReg | kMakeSock | kMakeFifo | kMakeSym | kRefer
                                     | kTruncate;
    switch (access) {
    case LandlockAccess::List: return kReadDir;
    case LandlockAccess::Read: return kRead;
    case LandlockAccess::ReadExecute: return kRead | kExecute;
    case LandlockAccess::ReadWrite: return kWrite;
    case LandlockAccess::ReadWriteExecute: return kWrite | kExecute;
    // ioctl on null or zero must answer ENOTTY, not EACCES: isatty(3) is asked about them all day.
    case LandlockAccess::Device: return kReadFile | kWriteFile | kIoctlDev | kTruncate;
    case LandlockAccess::Socket: return kReadFile | kWriteFile | kResolveUnix;
    case LandlockAccess::Connect: return kResolveUnix;
    case LandlockAccess::Terminal: return kRead | kWriteFile | kIoctlDev | kTruncate;
    }
    return 0;
}

} // namespace

int landlock_abi()
{
    long const abi = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kVersionFlag);
    if (abi > 0)
        return static_cast<int>(abi);
    return errno == EOPNOTSUPP ? -1 : 0;
}

int landlock_errata()
{
    long const errata = ::syscall(SYS_landlock_create_ruleset, nullptr, 0, kErrataFlag);
    return errata > 0 ? static_cast<int>(errata) : 0;
}

Landlock::Landlock(Fd ruleset, std::uint64_t handled)
    : ruleset_(std::move(ruleset)), handled_(handled)
{
}

Result<Landlock> Landlock::create(int abi)
{
    RulesetAttr attr;
    attr.handled_access_fs = rights_of_abi(abi);
    long const raw =
        ::syscall(SYS_landlock_create_ruleset, &attr, sizeof attr.handled_access_fs, 0);
    if (raw < 0)
        return fail_errno(errno, "landlock_create_ruleset");
    return Landlock(Fd::adopt_raw_fd(static_cast<int>(raw)), attr.handled_access_fs);
}

Result<> Landlock::enforce_scopes(int abi)
{
    if (abi < kFirstWithScopes)
        return {};
    RulesetAttr attr;
    attr.scoped = kScopeAbstractSocket | kScopeSignal;
    long const raw = ::syscall(SYS_landlock_create_ruleset, &attr, sizeof attr, 0);
    if (raw < 0)
        return fail_errno(errno, "landlock_create_ruleset for scopes");
    return Landlock(Fd::adopt_raw_fd(static_cast<int>(raw)), 0).enforce();
}

Result<> Landlock::allow(Fd const& place, LandlockAccess access)
{
    LET(kind, kind_of(place));
    PathBeneath rule;
    rule.allowed_access = rights_of(access) & handled_;
    if (!kind.is_directory)
        rule.allowed_access &= kForFiles;
    if (rule.allowed_access == 0)
        return {}; // landlock_add_rule(2) would say ENOMSG
    rule.parent_fd = place.raw();
    if (::syscall(SYS_landlock_add_rule, ruleset_.raw(), kRulePathBeneath, &rule, 0) != 0)
        return fail_errno(errno, "landlock_add_rule");
    return {};
}

Result<> Landlock::enforce()
{
    if (::syscall(SYS_landlock_restrict_self, ruleset_.raw(), 0) != 0)
        return fail_errno(errno, "landlock_restrict_self");
    return {};
}

} // namespace osh::sys
