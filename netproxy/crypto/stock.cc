// The start of nothing: this mbedTLS computes with its own code.
#include "netproxy/crypto/start.h"

namespace osh::netproxy::crypto
{

bool start()
{
    return true;
}

} // namespace osh::netproxy::crypto
