#pragma once
// The environment of this process as the value that sources of secrets take.

#include "credentials/source/source.h"

namespace osh::cli
{

credentials::SourceContext context_of_process();

} // namespace osh::cli
