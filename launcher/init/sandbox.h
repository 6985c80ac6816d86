#pragma once
// Init from its first instruction to the running agent: the steps of security design H2, in order.
// Each failure becomes one WordFailed and the end of init; nothing is left, because everything it
// made lives in its namespaces.

#include "launcher/sys/fd.h"

namespace osh::launcher
{

int run_init(sys::Fd channel); // the exit code

} // namespace osh::launcher
