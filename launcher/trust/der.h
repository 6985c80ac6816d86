#pragma once
// One element of DER (X.690): tag, length, value. Definite lengths and one-byte tags only, which is
// all that X.509 uses.

#include "policy/base/bytes.h"

namespace osh::launcher::trust
{

struct DerElement {
    std::uint8_t tag = 0;
    Bytes value;
    Bytes whole; // with tag and length
};

inline constexpr std::uint8_t kDerSequence = 0x30, kDerSet = 0x31, kDerUtf8 = 0x0c;

// Takes the next element from the front of `rest`.
Result<DerElement> take_element(Bytes& rest);
// The same, when nothing but this tag will do.
Result<DerElement> take_element(Bytes& rest, std::uint8_t tag);

void put_element(ByteWriter& out, std::uint8_t tag, Bytes value); // up to 16 MiB

} // namespace osh::launcher::trust
