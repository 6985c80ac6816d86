#include "tray/core/arming.h"

#include <gtest/gtest.h>

namespace osh::tray
{
namespace
{

Instant at(std::int64_t milliseconds)
{
    return Instant{milliseconds * 1'000'000};
}

TEST(Arming, IsNeverArmedBeforeSomethingWasShown)
{
    EXPECT_FALSE(Arming().is_armed(at(1'000'000)));
}

TEST(Arming, WaitsAfterEachChange)
{
    Arming arming;
    arming.changed(at(0));
    EXPECT_FALSE(arming.is_armed(at(699)));
    EXPECT_TRUE(arming.is_armed(at(700)));
    arming.changed(at(1000));
    EXPECT_FALSE(arming.is_armed(at(1500)));
}

TEST(Arming, WaitsWhileSomeoneTypes)
{
    Arming arming;
    arming.changed(at(0));
    for (int key = 0; key < 20; ++key) {
        arming.key_pressed(at(700 + key * 300));
        EXPECT_FALSE(arming.is_armed(at(700 + key * 300 + 299)));
    }
    EXPECT_TRUE(arming.is_armed(at(700 + 19 * 300 + 400)));
}

TEST(Arming, WaitsLongerAfterAHabitOfAllowing)
{
    Arming arming;
    for (int i = 0; i < 5; ++i)
        arming.allowed(at(i * 1000));
    arming.changed(at(5000));
    EXPECT_FALSE(arming.is_armed(at(7999)));
    EXPECT_TRUE(arming.is_armed(at(8000)));
    arming.changed(at(70'000));
    EXPECT_TRUE(arming.is_armed(at(70'700)));
}

} // namespace
} // namespace osh::tray
