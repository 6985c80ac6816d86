#include "launcher/init/words.h"

namespace osh::launcher
{
} // namespace osh::launcher
