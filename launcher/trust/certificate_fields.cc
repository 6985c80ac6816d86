#include "launcher/trust/certificate_fields.h"

#include "launcher/trust/der.h"

namespace osh::launcher::trust
{
namespace
{

constexpr std::uint8_t kVersionTag = 0xa0;

} // namespace

// Version (not in version 1), serial number, algorithm, issuer, validity, subject.
Result<CertificateFields> fields_of(Bytes der)
{
    LET(certificate, take_element(der, kDerSequence));
    Bytes outer = certificate.value;
    LET(signed_part, take_element(outer, kDerSequence));
    Bytes rest = signed_part.value;
    LET(first, take_element(rest));
    DerElement serial = first;
    if (first.tag == kVersionTag) {
        LET(second, take_element(rest));
        serial = second;
    }
    TRY(take_element(rest));
    LET(issuer, take_element(rest));
    TRY(take_element(rest));
    LET(subject, take_element(rest, kDerSequence));
    return CertificateFields{serial.whole, issuer.whole, subject.whole};
}

} // namespace osh::launcher::trust
