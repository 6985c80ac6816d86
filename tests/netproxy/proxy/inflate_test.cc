#include "netproxy/proxy/inflate.h"

#include <gtest/gtest.h>

namespace osh::netproxy::proxy
{
namespace
{

// "hello hello hello hello\n", by gzip -n, zlib and bare deflate.
std::string const kText = "hello hello hello hello\n";
std::string const kBare("\xcb\x48\xcd\xc9\xc9\x57\xc8\x40\x27\xb9\x00", 11);
std::string const kZlib = "\x78\xda" + kBare + std::string("\x70\xbe\x08\xbb", 4);
std::string const kGzip = std::string("\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03", 10) + kBare
                          + std::string("\x00\x88\x59\x0b\x18\x00\x00\x00", 8);

TEST(Inflated, ReadsEachCodingOfHttp)
{
    EXPECT_EQ(inflated(kGzip, Coding::Gzip, 100).value_or("?"), kText);
    EXPECT_EQ(inflated(kZlib, Coding::Deflate, 100).value_or("?"), kText);
    EXPECT_EQ(inflated(kBare, Coding::Deflate, 100).value_or("?"), kText);
    EXPECT_EQ(inflated(kBare, Coding::Raw, 100).value_or("?"), kText);
}

TEST(Inflated, RefusesWhatIsCutOrGoesOn)
{
    EXPECT_EQ(inflated(kZlib.substr(0, 8), Coding::Deflate, 100).error().code, Errc::Malformed);
    EXPECT_EQ(inflated(kZlib + "x", Coding::Deflate, 100).error().code, Errc::Malformed);
    EXPECT_EQ(inflated("no gzip at all", Coding::Gzip, 100).error().code, Errc::Malformed);
    EXPECT_EQ(inflated("", Coding::Gzip, 100).error().code, Errc::Malformed);
}

TEST(Inflated, StopsAtItsLimit)
{
    EXPECT_EQ(inflated(kZlib, Coding::Deflate, 23).error().code, Errc::TooLarge);
    EXPECT_TRUE(inflated(kZlib, Coding::Deflate, 24).ok());
}

TEST(Inflated, KnowsTheNamesOfCodings)
{
    EXPECT_EQ(content_coding("gzip"), Coding::Gzip);
    EXPECT_EQ(content_coding("deflate"), Coding::Deflate);
    EXPECT_EQ(content_coding("br"), std::nullopt);
    EXPECT_EQ(content_coding("gzip, gzip"), std::nullopt);
}

TEST(InflatedMessage, ReadsTheExampleOfTheRfc)
{
    std::string const hello("\xf2\x48\xcd\xc9\xc9\x07\x00", 7); // RFC 7692 section 7.2.3.1
    EXPECT_EQ(inflated_message(hello, 100).value_or("?"), "Hello");
    EXPECT_EQ(inflated_message(hello, 4).error().code, Errc::TooLarge);
}

} // namespace
} // namespace osh::netproxy::proxy
