#pragma once
// SHA-256 (FIPS 180-4) in its base64 form, for the digest of a question: what a person saw is what
// the answer names. Not for secrets: it takes no care of timing.

#include <string>
#include <string_view>

namespace osh::launcher
{

std::string sha256_base64(std::string_view text); // 44 characters, RFC 4648 section 4

} // namespace osh::launcher
