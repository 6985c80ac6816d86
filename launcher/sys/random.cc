#include "launcher/sys/random.h"

#include "policy/base/check.h"

#include <sys/random.h>

namespace osh::sys
{

std::uint64_t random_u64()
{
    std::uint64_t value = 0;
    OSH_CHECK(::getrandom(&value, sizeof value, 0) == sizeof value);
    return value;
}

} // namespace osh::sys
