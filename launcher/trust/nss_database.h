#pragma once
// The database of NSS (softoken's "sql:" kind) that trusts one authority for servers, for programs
// that read ~/.pki/nssdb: Chromium's headless shell and Electron, which know no managed policy,
// and whatever else uses NSS in the home. It has no keys and no password.
// NSS: lib/softoken/sdb.c and sftkdb.c.

#include "policy/base/bytes.h"

#include <vector>

namespace osh::launcher::trust
{

inline constexpr char const* kNssCertificates = "cert9.db";
inline constexpr char const* kNssKeys = "key4.db";

// The content of cert9.db. TooLarge beyond about 3 KiB of certificate.
Result<std::vector<std::byte>> nss_certificates(Bytes der);
// The content of key4.db: without it a program that only reads does not open the other.
Result<std::vector<std::byte>> nss_keys();

} // namespace osh::launcher::trust
