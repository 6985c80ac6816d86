#include "netproxy/core/address_order.h"

#include "tests/netproxy/core/playbook.h"

namespace osh::netproxy::core::test
{

TEST(InTurns, FamiliesTakeTurnsAndKeepTheirOwnOrder)
{
    auto const a = ip("44.0.0.1"), b = ip("44.0.0.2"), x = ip("2a00::1"), y = ip("2a00::2"),
               z = ip("2a00::3");
    EXPECT_EQ(in_turns({a, b, x, y, z}), (std::vector{x, a, y, b, z}));
    EXPECT_EQ(in_turns({b, a}), (std::vector{b, a}));
    EXPECT_TRUE(in_turns({}).empty());
}

TEST_F(Playbook, ManyAddressesOfOneFamilyLeaveRoomForTheOther)
{
    start();
    open("raw.test", 2222);
    std::vector<IpAddress> found;
    for (int i = 0; i < 20; ++i)
        found.push_back(ip(("2a00:1450::" + std::to_string(i + 1)).c_str()));
    found.push_back(ip("45.77.0.2"));
    core->resolved(one<Resolve>()->id, found, at);
    auto const dial = one<Dial>();
    ASSERT_TRUE(dial);
    EXPECT_EQ(dial->addresses.size(), kMaxAddresses);
    EXPECT_EQ(dial->addresses[1], ip("45.77.0.2"));
}

} // namespace osh::netproxy::core::test
