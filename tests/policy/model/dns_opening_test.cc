#include "policy/model/dns_opening.h"

#include <gtest/gtest.h>

namespace osh::policy
{

TEST(ParseDnsOpening, ReadsANameAndItsTypes)
{
    auto const one = parse_dns_opening("  _Dmarc.Example.COM.  TXT MX  TXT ");
    ASSERT_TRUE(one.ok());
    EXPECT_EQ(one->where.name, "_dmarc.example.com");
    EXPECT_EQ(one->types, (std::vector<std::uint16_t>{16, 15}));
    EXPECT_EQ(one->where.zone(), "");
}

TEST(ParseDnsOpening, RefusesWhatIsNoNameOrNoType)
{
    for (auto const* text : {"", "example.com", "TXT", "example..com TXT", "*. TXT", "* TXT",
             "a*.example.com TXT", "*.*.example.com TXT", "exam ple.com TXT", "a\n.com TXT"})
        EXPECT_FALSE(parse_dns_opening(text).ok()) << text;
    EXPECT_FALSE(parse_dns_opening(std::string(64, 'a') + ".com TXT").ok());
}

TEST(ParseDnsOpening, NeverOpensAddressesHintsOrTunnels)
{
    for (auto const* type :
        {"A", "AAAA", "PTR", "HTTPS", "SVCB", "NULL", "ANY", "AXFR", "OPT", "txt", "TYPE16"})
        EXPECT_FALSE(parse_dns_opening(std::string("example.com ") + type).ok()) << type;
}

TEST(DnsOpening, AnExactNameOpensItselfAlone)
{
    auto const one = *parse_dns_opening("example.com TXT");
    EXPECT_TRUE(one.opens("example.com", 16));
    EXPECT_FALSE(one.opens("example.com", 15));
    EXPECT_FALSE(one.opens("www.example.com", 16));
    EXPECT_FALSE(one.opens("badexample.com", 16));
}

TEST(DnsOpening, OneStarIsOneLabelAndTwoAreAny)
{
    auto const one = *parse_dns_opening("*.example.com SRV");
    EXPECT_TRUE(one.opens("a.example.com", 33));
    EXPECT_FALSE(one.opens("a.b.example.com", 33));
    EXPECT_FALSE(one.opens("example.com", 33));
    EXPECT_FALSE(one.opens(".example.com", 33));
    EXPECT_FALSE(one.opens("badexample.com", 33));
    auto const any = *parse_dns_opening("**.example.com SRV");
    EXPECT_TRUE(any.opens("a.b.example.com", 33));
    EXPECT_FALSE(any.opens("example.com", 33));
    EXPECT_EQ(any.where.zone(), "example.com");
}

TEST(HostBehindService, DropsLabelsThatBeginWithAnUnderscore)
{
    EXPECT_EQ(host_behind_service("_ldap._tcp.example.com"), "example.com");
    EXPECT_EQ(host_behind_service("www.example.com"), "www.example.com");
    EXPECT_EQ(host_behind_service("_only"), "_only");
}

} // namespace osh::policy
