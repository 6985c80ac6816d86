#pragma once
// Where a certificate names itself (RFC 5280 section 4.1). Views into its DER; nothing is verified.

#include "policy/base/bytes.h"

namespace osh::launcher::trust
{

struct CertificateFields { // each with tag and length
    Bytes serial, issuer, subject;
};

Result<CertificateFields> fields_of(Bytes der);

} // namespace osh::launcher::trust
