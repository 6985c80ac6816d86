// Certificates made with openssl-req(1); the hashes are those openssl-x509(1) prints for them.
#include "launcher/trust/certificate_fields.h"
#include "launcher/trust/certificates.h"
#include "launcher/trust/der.h"
#include "launcher/trust/key_store.h"
#include "launcher/trust/nss_database.h"
#include "launcher/trust/sha1.h"
#include "launcher/trust/sqlite_file.h"
#include "launcher/trust/subject_hash.h"

#include <algorithm>
#include <fmt/core.h>
#include <gtest/gtest.h>

namespace osh::launcher::trust
{
namespace
{

// C=DE, O="  Ümläut  Straße   GmbH ", OU=Two + CN="One  Name"
constexpr char const* kFolded = "-----BEGIN CERTIFICATE-----\n"
                                "MIIB/jCCAaOgAwIBAgIUcLmUC6ITIVKSGw/VtU6r1Xl5J2UwCgYIKoZIzj0EAwIw\n"
                                "UzELMAkGA1UEBhMCREUxJDAiBgNVBAoMGyAgw5xtbMOkdXQgIFN0cmHDn2UgICBH\n"
                                "bWJIIDEeMAoGA1UECwwDVHdvMBAGA1UEAwwJT25lICBOYW1lMCAXDTI2MTEyMTA0\n"
                                "NDMzNloYDzIxMjYxMDI4MDQ0MzM2WjBTMQswCQYDVQQGEwJERTEkMCIGA1UECgwb\n"
                                "ICDDnG1sw6R1dCAgU3RyYcOfZSAgIEdtYkggMR4wCgYDVQQLDANUd28wEAYDVQQD\n"
                                "DAlPbmUgIE5hbWUwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAARNljyK7dyMf/fm\n"
                                "WgVSwhDPc9NwyoZVoZ3laFt+1EQlOcQdUEs2r/tWPTXGFp3HMZjGTMjYUWnfJGhO\n"
                                "pez/khPdo1MwUTAdBgNVHQ4EFgQUHg9ywwyisMSd7NiZ+ZtNlNdBtXkwHwYDVR0j\n"
                                "BBgwFoAUHg9ywwyisMSd7NiZ+ZtNlNdBtXkwDwYDVR0TAQH/BAUwAwEB/zAKBggq\n"
                                "hkjOPQQDAgNJADBGAiEA40rcGJnFZEyqG1dTWAMPsbZh3I+Gf3XdEMXldF/o0ogC\n"
                                "IQD7t6YrCMHqabfkjY6d6LpOaGN0HhXUiLNP+kRO/xcYIw==\n"
                                "-----END CERTIFICATE-----\n";
constexpr char const* kPlain = // CN=osh e2e root
    "-----BEGIN CERTIFICATE-----\n"
    "MIIBhjCCASugAwIBAgIUAimrNqI/1ZBMcYHR20Wqut4PtF8wCgYIKoZIzj0EAwIw\n"
    "FzEVMBMGA1UEAwwMb3NoIGUyZSByb290MCAXDTI2MTEyMTA0NDMzN1oYDzIxMjYx\n"
    "MDI4MDQ0MzM3WjAXMRUwEwYDVQQDDAxvc2ggZTJlIHJvb3QwWTATBgcqhkjOPQIB\n"
    "BggqhkjOPQMBBwNCAATZl2Fs6nmPPvRFn3LMhtgZPw8FNG9aZYDf46WMhhwgH0Vf\n"
    "nb8wtn2TWHCHPHtrr8BqMuiFCsshQJmhSmWQu+Mmo1MwUTAdBgNVHQ4EFgQUjsA5\n"
    "tz95A/ANl1GnWBk6O0p4uaQwHwYDVR0jBBgwFoAUjsA5tz95A/ANl1GnWBk6O0p4\n"
    "uaQwDwYDVR0TAQH/BAUwAwEB/zAKBggqhkjOPQQDAgNJADBGAiEAtwWUskB2p1nV\n"
    "lW+siRYqf/oPq0HkDNA4eFsbww4eGi4CIQDHRry8CQWiiNpNNCHIczGl7UEAU6rH\n"
    "MfhOfQNijC1M/Q==\n"
    "-----END CERTIFICATE-----\n";

std::string hex(Sha1::Digest const& digest)
{
    std::string text;
    for (auto const byte : digest)
        text += fmt::format("{:02x}", static_cast<unsigned>(byte));
    return text;
}

std::string hash_of(std::string_view pem)
{
    auto const found = certificates_in(pem);
    if (found.size() != 1)
        return "not one certificate";
    auto const hash = subject_hash(found[0].der);
    return hash.ok() ? *hash : hash.error().sentence;
}

TEST(Sha1, GivesTheDigestsOfFips180)
{
    Sha1 abc, nothing, long_one;
    abc.add(bytes_of("abc"));
    EXPECT_EQ(hex(abc.finish()), "a9993e364706816aba3e25717850c26c9cd0d89d");
    EXPECT_EQ(hex(nothing.finish()), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    std::string const part(1'000, 'a');
    for (int i = 0; i < 1'000; ++i)
        long_one.add(bytes_of(part));
    EXPECT_EQ(hex(long_one.finish()), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
}

TEST(SubjectHash, IsWhatOpensslPrints)
{
    EXPECT_EQ(hash_of(kPlain), "7ee1bbba");
}

TEST(SubjectHash, FoldsSpaceAndCaseAndSortsASet)
{
    EXPECT_EQ(hash_of(kFolded), "36a5d101");
}

TEST(SubjectHash, RefusesWhatEndsEarly)
{
    auto const found = certificates_in(kPlain);
    ASSERT_EQ(found.size(), 1u);
    for (std::size_t size = 0; size < 100; ++size)
        EXPECT_FALSE(subject_hash(Bytes(found[0].der).first(size)).ok()) << size;
}

TEST(CertificatesIn, TakesBothArmoursAndSkipsTheTextBetween)
{
    std::string const bundle = std::string("# a root\n") + kPlain
                               + "text\n-----BEGIN X509 CERTIFICATE-----\nMAA=\n"
                                 "-----END X509 CERTIFICATE-----\n"
                               + kFolded;
    auto const found = certificates_in(bundle);
    ASSERT_EQ(found.size(), 3u);
    EXPECT_EQ(found[0].pem, kPlain);
    EXPECT_EQ(found[1].der.size(), 2u);
    EXPECT_EQ(found[2].pem, kFolded);
}

TEST(CertificatesIn, SkipsWhatIsNoBase64AndWhatDoesNotEnd)
{
    EXPECT_TRUE(
        certificates_in("-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----").empty());
    EXPECT_TRUE(certificates_in("-----BEGIN CERTIFICATE-----\nMAA=\n").empty());
}

TEST(OneLineOf, IsTheBodyWithoutLineFeeds)
{
    EXPECT_EQ(
        one_line_of("-----BEGIN CERTIFICATE-----\nMA\nA=\n-----END CERTIFICATE-----\n"), "MAA=");
}

TEST(KeyStore, IsSealedAndCountsBothHalves)
{
    auto const first = certificates_in(kPlain), second = certificates_in(kFolded);
    auto const begun = begin_key_store({first[0].der}, 1);
    auto const store = finish_key_store(begun, {second[0].der});
    std::string const text(text_of(store));
    EXPECT_EQ(text.substr(0, 12), std::string("\xfe\xed\xfe\xed\0\0\0\2\0\0\0\2", 12));
    EXPECT_NE(text.find("host-0"), std::string::npos);
    EXPECT_NE(text.find("osh-session-0"), std::string::npos);
    // Both halves at once give the same, seal included, save for the names of the entries.
    EXPECT_EQ(store.size(), begun.size() + 4 + 2 + 13 + 8 + 2 + 5 + 4 + second[0].der.size());
}

TEST(KeyStore, IsSealedAlikeHoweverLongTheFirstHalfIs)
{
    for (std::size_t size = 0; size < 200; ++size) {
        std::vector<std::byte> const first(size, std::byte{7}), second(size, std::byte{8});
        auto const store = finish_key_store(begin_key_store({first}, 1), {second});
        Sha1 seal;
        for (char const letter : std::string_view("changeit")) {
            seal.add(bytes_of(std::string_view("\0", 1)));
            seal.add(bytes_of(std::string_view(&letter, 1)));
        }
        seal.add(bytes_of("Mighty Aphrodite"));
        seal.add(Bytes(store).first(store.size() - 20));
        auto const digest = seal.finish();
        EXPECT_TRUE(std::equal(digest.begin(), digest.end(), store.end() - 20)) << size;
    }
}

TEST(SqliteFile, HasTheHeadAndOnePageForEachTableAndIndex)
{
    std::vector<SqliteRow> rows(2, SqliteRow{std::monostate(), std::string("one")});
    rows[1][1] = std::string("four");
    auto const file = sqlite_file(
        {{"t", "CREATE TABLE t (id INTEGER PRIMARY KEY, a)", rows, SqliteTable::Key::RowNumber},
            {"u", "CREATE TABLE u (id PRIMARY KEY)", {}, SqliteTable::Key::Other}});
    ASSERT_TRUE(file.ok());
    std::string const text(text_of(*file));
    EXPECT_EQ(text.size(), 4 * kSqlitePage);
    EXPECT_EQ(text.substr(0, 16), std::string("SQLite format 3\0", 16));
    EXPECT_EQ(text.substr(28, 4), std::string("\0\0\0\4", 4));
    EXPECT_NE(text.find("sqlite_autoindex_u_1"), std::string::npos);
    // Each cell of the first table: its length, the row's number, the types, the text.
    std::string const cells("\7\2\3\0\025four\6\1\3\0\023one", 17);
    EXPECT_EQ(text.substr(2 * kSqlitePage - 17, 17), cells);
    EXPECT_EQ(
        text.substr(kSqlitePage, 12), std::string("\x0d\0\0\0\2\x0f\xef\0\x0f\xf8\x0f\xef", 12));
}

TEST(SqliteFile, RefusesWhatIsLongerThanAPage)
{
    auto const with = [](std::size_t length, std::size_t rows) {
        SqliteRow const row{std::monostate(), std::vector<std::byte>(length)};
        return sqlite_file({{"t", "CREATE TABLE t (id INTEGER PRIMARY KEY, a)",
            std::vector<SqliteRow>(rows, row), SqliteTable::Key::RowNumber}});
    };
    EXPECT_TRUE(with(4050, 1).ok());
    EXPECT_FALSE(with(4080, 1).ok());
    EXPECT_FALSE(with(100'000, 1).ok());
    EXPECT_TRUE(with(1000, 4).ok());
    EXPECT_FALSE(with(1000, 5).ok());
}

TEST(NssDatabase, HoldsTheCertificateAndRefusesWhatIsNone)
{
    auto const certificate = certificates_in(kPlain).front();
    auto const file = nss_certificates(certificate.der);
    ASSERT_TRUE(file.ok());
    EXPECT_NE(text_of(*file).find(text_of(certificate.der)), std::string_view::npos);
    EXPECT_NE(text_of(*file).find("osh session"), std::string_view::npos);
    EXPECT_FALSE(nss_certificates(bytes_of("no certificate")).ok());
    auto const keys = nss_keys();
    ASSERT_TRUE(keys.ok());
    EXPECT_NE(text_of(*keys).find("CREATE TABLE metaData"), std::string_view::npos);
}

TEST(CertificateFields, AreFoundWithAndWithoutAVersion)
{
    auto const certificate = certificates_in(kPlain).front();
    auto const fields = fields_of(certificate.der);
    ASSERT_TRUE(fields.ok());
    EXPECT_EQ(fields->serial.size(), 2U + 20U);
    EXPECT_EQ(text_of(fields->issuer), text_of(fields->subject));
    EXPECT_NE(text_of(fields->subject).find("osh e2e root"), std::string_view::npos);
    auto const element = [](std::uint8_t tag, std::string_view value) {
        ByteWriter out;
        put_element(out, tag, bytes_of(value));
        return std::string(text_of(out.bytes()));
    };
    std::string const empty = element(kDerSequence, "");
    std::string const first = element(2, "7") + empty + empty + empty + element(kDerSequence, "s");
    auto const old = element(kDerSequence, element(kDerSequence, first));
    auto const old_fields = fields_of(bytes_of(old));
    ASSERT_TRUE(old_fields.ok());
    EXPECT_EQ(text_of(old_fields->serial), element(2, "7"));
    EXPECT_EQ(text_of(old_fields->subject), element(kDerSequence, "s"));
    EXPECT_FALSE(fields_of(Bytes(certificate.der).first(60)).ok());
}

} // namespace
} // namespace osh::launcher::trust
