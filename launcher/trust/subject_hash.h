#pragma once
// The name OpenSSL looks a certificate up by in a hashed directory: X509_NAME_hash_ex(3), of the
// subject in canonical form. openssl-rehash(1).

#include "policy/base/bytes.h"

#include <string>

namespace osh::launcher::trust
{

// Eight hexadecimal digits; the file is "HASH.0", ".1" for the next one of the same subject.
Result<std::string> subject_hash(Bytes der);

} // namespace osh::launcher::trust
