#pragma once
// OSH_CHECK: ends the process on a mistake of our own. Not for what the world does: that is a
// Result.

namespace osh
{

[[noreturn]] void check_failed(char const* expression, char const* file, int line);

} // namespace osh

#define OSH_CHECK(expression)                                                                      \
    do {                                                                                           \
        if (!(expression)) [[unlikely]]                                                            \
            ::osh::check_failed(#expression, __FILE__, __LINE__);                                  \
    } while (false)
