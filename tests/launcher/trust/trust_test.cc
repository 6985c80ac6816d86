// Certificates made with openssl-req(1); the hashes are those openssl-x509(1) prints for them.
#include "launcher/trust/certificates.h"
#include "launcher/trust/key_store.h"
#include "launcher/trust/sha1.h"
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

} // namespace
} // namespace osh::launcher::trust
