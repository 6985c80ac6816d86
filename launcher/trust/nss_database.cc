#include "launcher/trust/nss_database.h"

#include "launcher/trust/certificate_fields.h"
#include "launcher/trust/nss_attributes.h"
#include "launcher/trust/sha1.h"
#include "launcher/trust/sqlite_file.h"

#include <fmt/format.h>
#include <map>

namespace osh::launcher::trust
{
namespace
{

// PKCS #11 2.40 section 4, and NSS's own in pkcs11n.h.
enum Attribute : std::uint32_t {
    kClass = 0x0,
    kToken = 0x1,
    kPrivate = 0x2,
    kLabel = 0x3,
    kValue = 0x11,
    kCertificateType = 0x80,
    kIssuer = 0x81,
    kSerialNumber = 0x82,
    kSubject = 0x101,
    kId = 0x102,
    kModifiable = 0x170,
    kServerAuth = 0xce536358,
    kClientAuth = 0xce536359,
    kCodeSigning = 0xce53635a,
    kEmailProtection = 0xce53635b,
    kStepUpApproved = 0xce536360,
    kCertificateSha1 = 0xce5363b4
};
constexpr std::uint32_t kCertificateObject = 1, kTrustObject = 0xce534353;
constexpr std::uint32_t kX509 = 0;
constexpr std::uint32_t kTrustedDelegator = 0xce534352, kMustVerify = 0xce534353;
// sdb.c: a value without bytes, as SQLite's null means an attribute that is not there.
constexpr std::uint8_t kEmptyValue[] = {0xa5, 0x00, 0x5a};
constexpr char const* kNickname = "osh session";

using Content = std::vector<std::byte>;
using Attributes = std::map<std::uint32_t, Content>;

Content copy(Bytes bytes)
{
    return {bytes.begin(), bytes.end()};
}

Content number(std::uint32_t value)
{
    ByteWriter out;
    out.u32_be(value);
    return out.take();
}

Content yes_or_no(std::uint8_t value)
{
    return {std::byte(value)};
}

Content sha1_of(Bytes bytes)
{
    Sha1 sha1;
    sha1.add(bytes);
    return copy(sha1.finish());
}

SqliteRow row_of(Attributes const& attributes)
{
    SqliteRow row{std::monostate()}; // the id: the row's number
    for (std::uint32_t const column : kNssAttributes) {
        auto const found = attributes.find(column);
        row.emplace_back(found == attributes.end() ? SqliteValue() : SqliteValue(found->second));
    }
    return row;
}

Attributes common_to(std::uint32_t object, CertificateFields const& fields)
{
    return {{kClass, number(object)}, {kToken, yes_or_no(1)}, {kPrivate, yes_or_no(0)},
        {kIssuer, copy(fields.issuer)}, {kSerialNumber, copy(fields.serial)},
        {kModifiable, yes_or_no(1)}};
}

Attributes certificate_object(Bytes der, CertificateFields const& fields)
{
    Attributes object = common_to(kCertificateObject, fields);
    object[kLabel] = copy(bytes_of(kNickname));
    object[kValue] = copy(der);
    object[kCertificateType] = number(kX509);
    object[kSubject] = copy(fields.subject);
    object[kId] = sha1_of(der); // ties keys to certificates; here is no key
    return object;
}

// For servers only: what it is not needed for, it is not trusted for.
Attributes trust_object(Bytes der, CertificateFields const& fields)
{
    Attributes object = common_to(kTrustObject, fields);
    object[kLabel] = copy(std::as_bytes(std::span(kEmptyValue)));
    object[kServerAuth] = number(kTrustedDelegator);
    for (std::uint32_t const use : {kClientAuth, kCodeSigning, kEmailProtection})
        object[use] = number(kMustVerify);
    object[kStepUpApproved] = yes_or_no(0);
    object[kCertificateSha1] = sha1_of(der);
    return object;
}

// NSS makes indices as well, for databases of a size.
SqliteTable objects(std::string const& name)
{
    std::string statement = fmt::format("CREATE TABLE {} (id INTEGER PRIMARY KEY", name);
    for (std::uint32_t const column : kNssAttributes)
        statement += fmt::format(", a{:x}", column);
    return {name, statement + ")", {}, SqliteTable::Key::RowNumber};
}

} // namespace

Result<Content> nss_certificates(Bytes der)
{
    LET(fields, fields_of(der));
    SqliteTable table = objects("nssPublic");
    table.rows.push_back(row_of(certificate_object(der, fields)));
    table.rows.push_back(row_of(trust_object(der, fields)));
    return sqlite_file({table});
}

// The password goes to metaData, once a program sets one: replaced by its name, hence the key.
Result<Content> nss_keys()
{
    SqliteTable const passwords{"metaData",
        "CREATE TABLE metaData (id PRIMARY KEY UNIQUE ON CONFLICT REPLACE, item1, item2)", {},
        SqliteTable::Key::Other};
    return sqlite_file({objects("nssPrivate"), passwords});
}

} // namespace osh::launcher::trust
