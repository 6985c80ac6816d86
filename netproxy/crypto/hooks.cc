// Numbers and points from mbedTLS to libcrypto and back, big-endian in between.
#include "netproxy/crypto/hooks.h"

#include <mbedtls/platform_util.h>

#include <array>

namespace osh::netproxy::crypto
{
namespace
{

constexpr std::size_t kMaxNumber = 66;

} // namespace

Number number_of(mbedtls_mpi const& value)
{
    std::array<unsigned char, kMaxNumber> bytes{};
    if (mbedtls_mpi_cmp_int(&value, 0) < 0
        || mbedtls_mpi_write_binary(&value, bytes.data(), bytes.size()) != 0)
        return nullptr;
    Number number(BN_bin2bn(bytes.data(), bytes.size(), nullptr));
    mbedtls_platform_zeroize(bytes.data(), bytes.size());
    return number;
}

bool copy_number(mbedtls_mpi& to, BIGNUM const* from)
{
    std::array<unsigned char, kMaxNumber> bytes{};
    bool const is_good = BN_bn2binpad(from, bytes.data(), bytes.size()) == int(bytes.size())
                         && mbedtls_mpi_read_binary(&to, bytes.data(), bytes.size()) == 0;
    mbedtls_platform_zeroize(bytes.data(), bytes.size());
    return is_good;
}

EC_KEY* key_object(mbedtls_ecp_group_id group)
{
    auto const* library = Libcrypto::started();
    if (library == nullptr)
        return nullptr;
    switch (group) {
    case MBEDTLS_ECP_DP_SECP256R1: return library->p256;
    case MBEDTLS_ECP_DP_SECP384R1: return library->p384;
    case MBEDTLS_ECP_DP_SECP521R1: return library->p521;
    default: return nullptr;
    }
}

Point point_of(EC_GROUP const* group, mbedtls_ecp_point const& point)
{
    auto const x = number_of(point.MBEDTLS_PRIVATE(X));
    auto const y = number_of(point.MBEDTLS_PRIVATE(Y));
    bool const is_affine = mbedtls_mpi_cmp_int(&point.MBEDTLS_PRIVATE(Z), 1) == 0;
    Point result(EC_POINT_new(group));
    if (x == nullptr || y == nullptr || !is_affine || result == nullptr
        || EC_POINT_set_affine_coordinates(
               group, result.get(), x.get(), y.get(), Libcrypto::started()->numbers)
               != 1)
        return nullptr;
    return result;
}

} // namespace osh::netproxy::crypto
