#pragma once
// A Java key store of trusted certificates (JKS, as keytool(1) and JSSE read it). In two halves:
// the host's certificates once per change of its store, the session's own at each start.
// The format is that of the JDK's JavaKeyStore: big-endian, sealed with SHA-1 over a known
// password.

#include "policy/base/bytes.h"

#include <vector>

namespace osh::launcher::trust
{

// The head and the first entries, `expected` more are to follow; behind them the seal's state.
std::vector<std::byte> begin_key_store(
    std::vector<Bytes> const& certificates, std::uint32_t expected);
// The whole. `begun` is what begin_key_store gave; nothing when it is shorter than that can be.
std::vector<std::byte> finish_key_store(Bytes begun, std::vector<Bytes> const& certificates);

} // namespace osh::launcher::trust
