#pragma once
// The certificates of a PEM bundle (RFC 7468), cut out and decoded. Nothing is verified here: a
// bundle is trusted because the host trusts it.

#include "policy/base/bytes.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace osh::launcher::trust
{

inline constexpr std::size_t kMaxCertificates = 2'000;     // distributions ship about 150
inline constexpr std::size_t kMaxCertificate = 256 * 1024; // of one, in PEM
inline constexpr std::size_t kMaxBundle = 3 * 1024 * 1024;

struct Certificate {
    std::string pem; // from BEGIN to END, with a line feed
    std::vector<std::byte> der;
};

// "BEGIN CERTIFICATE" and "BEGIN X509 CERTIFICATE"; what cannot be decoded is skipped, what lies
// beyond the limits too.
std::vector<Certificate> certificates_in(std::string_view bundle);

// The text between the armour lines as one line: what JSON policies of browsers take.
std::string one_line_of(std::string_view pem);

} // namespace osh::launcher::trust
