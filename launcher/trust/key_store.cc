#include "launcher/trust/key_store.h"

#include "launcher/trust/sha1.h"

#include <algorithm>
#include <fmt/core.h>
#include <string_view>

namespace osh::launcher::trust
{
namespace
{

constexpr std::uint32_t kMagic = 0xfeedfeed, kVersion = 2, kTrustedCertificate = 2;
// Everybody's cacerts has this one; JSSE opens its default store without any.
constexpr std::string_view kPassword = "changeit", kSalt = "Mighty Aphrodite";

void put_utf(ByteWriter& out, std::string_view text)
{
    out.u16_be(static_cast<std::uint16_t>(text.size()));
    out.append(bytes_of(text));
}

void put_entry(ByteWriter& out, std::string_view alias, Bytes der)
{
    out.u32_be(kTrustedCertificate);
    put_utf(out, alias);
    out.u32_be(0); // the time of entry, milliseconds
    out.u32_be(0);
    put_utf(out, "X.509");
    out.u32_be(static_cast<std::uint32_t>(der.size()));
    out.append(der);
}

Sha1 begin_seal()
{
    ByteWriter password;
    for (char const letter : kPassword)
        password.u16_be(static_cast<std::uint8_t>(letter));
    Sha1 sha1;
    sha1.add(password.bytes());
    sha1.add(bytes_of(kSalt));
    return sha1;
}

// The host's half is 160 KiB: its part of the seal is kept behind it, as SHA-1's state.
constexpr std::size_t kState = sizeof(Sha1::Digest);
constexpr std::size_t kSealHead = 2 * kPassword.size() + kSalt.size();

Sha1 seal_of(Bytes body, Bytes state)
{
    std::size_t const length = kSealHead + body.size();
    std::size_t const rest = length % Sha1::kBlock;
    if (rest > body.size()) {
        Sha1 whole = begin_seal();
        whole.add(body);
        return whole;
    }
    Sha1::Digest kept{};
    std::copy_n(state.begin(), kept.size(), kept.begin());
    return Sha1::resume(kept, length, body.last(rest));
}

} // namespace

std::vector<std::byte> begin_key_store(
    std::vector<Bytes> const& certificates, std::uint32_t expected)
{
    ByteWriter out;
    out.u32_be(kMagic);
    out.u32_be(kVersion);
    out.u32_be(static_cast<std::uint32_t>(certificates.size()) + expected);
    for (std::size_t i = 0; i < certificates.size(); ++i)
        put_entry(out, fmt::format("host-{}", i), certificates[i]);
    Sha1 seal = begin_seal();
    seal.add(out.bytes());
    out.append(seal.state());
    return out.take();
}

std::vector<std::byte> finish_key_store(Bytes begun, std::vector<Bytes> const& certificates)
{
    if (begun.size() < kState)
        return {};
    Bytes const body = begun.first(begun.size() - kState);
    ByteWriter added;
    for (std::size_t i = 0; i < certificates.size(); ++i)
        put_entry(added, fmt::format("osh-session-{}", i), certificates[i]);
    Sha1 seal = seal_of(body, begun.last(kState));
    seal.add(added.bytes());
    ByteWriter out;
    out.append(body);
    out.append(added.bytes());
    out.append(seal.finish());
    return out.take();
}

} // namespace osh::launcher::trust
