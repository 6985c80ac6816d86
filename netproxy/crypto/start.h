#pragma once
// The fast blocks behind mbedTLS (AES-GCM, ChaCha20-Poly1305, P-256 and its sisters, X25519,
// SHA-256), done by libcrypto where our mbedTLS was built with its alternative seams; stock code
// elsewhere. docs/netproxy.md says why and what was measured.

namespace osh::netproxy::crypto
{

// Before the system call filter; again is free. False: libcrypto cannot start, and no session may.
bool start();

} // namespace osh::netproxy::crypto
