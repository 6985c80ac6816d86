#pragma once
// What the hooks below mbedTLS share: its buffers as ours, its numbers as libcrypto's. Not for
// other folders.

#include "netproxy/crypto/libcrypto.h"
#include "policy/base/bytes.h"

#include <mbedtls/ecp.h>

#include <memory>
#include <span>

namespace osh::netproxy::crypto
{

inline Bytes bytes_in(unsigned char const* data, std::size_t size)
{
    return std::as_bytes(std::span(data, size));
}

inline std::byte* bytes_out(unsigned char* data)
{
    return static_cast<std::byte*>(static_cast<void*>(data));
}

struct FreeNumber {
    void operator()(BIGNUM* number) const { BN_clear_free(number); } // wiped: it may be a key
};
struct FreePoint {
    void operator()(EC_POINT* point) const { EC_POINT_free(point); }
};
using Number = std::unique_ptr<BIGNUM, FreeNumber>;
using Point = std::unique_ptr<EC_POINT, FreePoint>;

// nullptr where it is negative or has more than 66 bytes, the size of P-521's.
Number number_of(mbedtls_mpi const& value);
bool copy_number(mbedtls_mpi& to, BIGNUM const* from);

// libcrypto's key object of a NIST curve; nullptr for other groups, and where libcrypto has not
// started.
EC_KEY* key_object(mbedtls_ecp_group_id group);
// nullptr unless it is on the curve.
Point point_of(EC_GROUP const* group, mbedtls_ecp_point const& point);

} // namespace osh::netproxy::crypto
