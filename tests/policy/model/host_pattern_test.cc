#include "policy/model/host_pattern.h"

#include "policy/model/address_class.h"

#include <gtest/gtest.h>

namespace osh::policy
{
namespace
{

TEST(FlawOfHost, RefusesWildcardsThatAreTooBroad)
{
    for (std::string_view host : {"*", "**", "*.com", "**.com", "api.*", "a**.example.com",
             "s3.eu-*.example.com", "a.**.b.com"})
        EXPECT_FALSE(flaw_of_host(host).message.empty()) << host;
}

TEST(FlawOfHost, AcceptsLabelsAndPartialFirstLabels)
{
    for (std::string_view host : {"api.example.com", "*.example.com", "**.example.com",
             "b*.example.com", "s3.*.amazonaws.com", "*.*.example.com", "a?b[c].example.com"})
        EXPECT_TRUE(flaw_of_host(host).message.empty()) << host;
}

TEST(MayOverlap, FindsACommonName)
{
    EXPECT_TRUE(may_overlap("*.example.com", "api.example.com", '.'));
    EXPECT_TRUE(may_overlap("a*.example.com", "*b.example.com", '.'));
    EXPECT_FALSE(may_overlap("*.example.com", "a.b.example.com", '.'));
    EXPECT_TRUE(may_overlap("**.example.com", "a.b.example.com", '.'));
    EXPECT_FALSE(may_overlap("api.example.com", "www.example.com", '.'));
}

AddressKind kind_of(std::string_view text)
{
    return classify(*IpAddress::parse(text)).kind;
}

TEST(Classify, NeverLetsThroughLoopbackLinkLocalAndMetadata)
{
    for (std::string_view text : {"127.0.0.1", "127.9.9.9", "0.0.0.0", "169.254.169.254", "::1",
             "::", "fe80::1", "::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "fd00:ec2::254",
             "100.100.100.200", "168.63.129.16", "192.0.0.192", "224.0.0.1", "ff02::1",
             "64:ff9b::7f00:1", "2002:7f00:1::", "::7f00:1"})
        EXPECT_EQ(kind_of(text), AddressKind::Never) << text;
}

TEST(Classify, KnowsPrivateNetworks)
{
    for (std::string_view text : {"10.0.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1",
             "198.18.0.1", "203.0.113.9", "255.255.255.255", "fd12::1", "64:ff9b::a00:1"})
        EXPECT_EQ(kind_of(text), AddressKind::Internal) << text;
    for (std::string_view text : {"8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1"})
        EXPECT_EQ(kind_of(text), AddressKind::Public) << text;
}

} // namespace
} // namespace osh::policy
