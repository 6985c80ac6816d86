#include "launcher/trust/key_store.h"

#include "launcher/trust/sha1.h"

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
    return out.take();
}

std::vector<std::byte> finish_key_store(Bytes begun, std::vector<Bytes> const& certificates)
{
    ByteWriter out;
    out.append(begun);
    for (std::size_t i = 0; i < certificates.size(); ++i)
        put_entry(out, fmt::format("osh-session-{}", i), certificates[i]);
    Sha1 sha1;
    ByteWriter password;
    for (char const letter : kPassword)
        password.u16_be(static_cast<std::uint8_t>(letter));
    sha1.add(password.bytes());
    sha1.add(bytes_of(kSalt));
    sha1.add(out.bytes());
    out.append(sha1.finish());
    return out.take();
}

} // namespace osh::launcher::trust
