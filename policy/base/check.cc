#include "policy/base/check.h"

#include <cstdio>
#include <cstdlib>

namespace osh
{

void check_failed(char const* expression, char const* file, int line)
{
    std::fprintf(stderr, "osh: internal error: %s does not hold (%s:%d)\n", expression, file, line);
    std::abort();
}

} // namespace osh
