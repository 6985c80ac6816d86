// Where the NSS database may be made: only in a home that nobody else wrote to.
#include "launcher/plan/system_tree.h"

#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

constexpr std::uint64_t kEnough = 1024 * 1024;

std::string folder_with(std::vector<MountStep> steps)
{
    Plan plan;
    plan.mounts = std::move(steps);
    add_nss_database(plan, "/home/ada");
    return plan.nss_folder;
}

MountStep home()
{
    return tmpfs_step("/home/ada", kEnough, 100);
}

TEST(NssDatabasePlace, IsTheHomeOfTheSession)
{
    Plan plan;
    plan.mounts = {directory_step("/home"), home(), bind_step("/x", "/home/ada/work", Write::Yes)};
    add_nss_database(plan, "/home/ada");
    EXPECT_EQ(plan.nss_folder, "/home/ada/.pki/nssdb");
    EXPECT_EQ(plan.mounts.back().target, "/home/ada/.pki/nssdb");
    EXPECT_EQ(plan.mounts.back().mode, 0700U);
}

TEST(NssDatabasePlace, IsNowhereWithoutAHomeOfItsOwnOrANetwork)
{
    EXPECT_EQ(folder_with({directory_step("/home")}), "");
    EXPECT_EQ(folder_with({bind_step("/home/ada", "/home/ada", Write::Yes)}), "");
    EXPECT_EQ(folder_with({tmpfs_step("/home/ada", kEnough - 1, 100)}), "");
    Plan plan;
    plan.mounts = {home()};
    plan.has_network = false;
    add_nss_database(plan, "/home/ada");
    EXPECT_EQ(plan.nss_folder, "");
}

TEST(NssDatabasePlace, IsNotWhereSomethingIsShownOrKept)
{
    for (auto const* path : {"/home/ada", "/home/ada/.pki", "/home/ada/.pki/nssdb/cert9.db", "/"})
        EXPECT_EQ(folder_with({home(), bind_step("/x", path, Write::No)}), "") << path;
    EXPECT_NE(folder_with({home(), bind_step("/x", "/home/ada/.pkix", Write::No)}), "");
}

} // namespace
} // namespace osh::launcher
