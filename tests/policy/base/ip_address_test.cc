#include "policy/base/ip_address.h"

#include <gtest/gtest.h>

namespace osh
{
namespace
{

TEST(IpAddress, RefusesSpellingTricks)
{
    for (auto text : {"127.1", "0177.0.0.1", "0x7f.0.0.1", "1.2.3.4.", "1.2.3.256", " 1.2.3.4",
             "[::1]", "fe80::1%eth0", ""})
        EXPECT_FALSE(IpAddress::parse(text)) << text;
}

TEST(IpAddress, MappedAndPlainAreOneAddress)
{
    EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.1"), IpAddress::parse("192.0.2.1"));
    EXPECT_EQ(IpAddress::parse("::ffff:192.0.2.1")->text(), "192.0.2.1");
}

TEST(AddressBlock, ContainsByPrefix)
{
    auto block = AddressBlock::parse("10.0.0.0/9");
    ASSERT_TRUE(block);
    EXPECT_TRUE(block->contains(*IpAddress::parse("10.127.255.255")));
    EXPECT_FALSE(block->contains(*IpAddress::parse("10.128.0.0")));
    EXPECT_TRUE(block->overlaps(*AddressBlock::parse("0.0.0.0/0")));
}

} // namespace
} // namespace osh
