#pragma once
// Landlock, landlock(7): rights of the ABI that this kernel has, all of them handled, so that what
// has no rule is refused. Constants that the installed kernel headers lack stand here.

#include "launcher/sys/fd.h"
#include "policy/base/result.h"

#include <cstdint>

namespace osh::sys
{

// 0: no Landlock in this kernel; -1: built in but switched off at boot.
int landlock_abi();
int landlock_errata(); // bit mask, 0 where the kernel does not tell

enum class LandlockAccess : std::uint8_t {
    List, // directories may be listed, nothing else
    Read,
    ReadExecute,
    ReadWrite,
    ReadWriteExecute,
    Device,
    Terminal,
    Socket,
    Connect // only: to sockets below a directory; nothing before Linux 7.1
};

class Landlock
{
public:
    static Result<Landlock> create(int abi);
    // Files get the part of the rights that files can have.
    Result<> allow(Fd const& place, LandlockAccess access);
    // A layer of its own without file rules: signals and abstract sockets do not leave the domain.
    // Nothing where the ABI has no scopes.
    static Result<> enforce_scopes(int abi);
    // For this thread and what it executes; needs no_new_privs.
    Result<> enforce();

private:
    Landlock(Fd ruleset, std::uint64_t handled);
    Fd ruleset_;
    std::uint64_t handled_ = 0;
};

} // namespace osh::sys
