#include "launcher/sys/own_code.h"

#include <fstream>
#include <gtest/gtest.h>
#include <string>

namespace osh::sys
{
namespace
{

// Of the first mapping of this program that holds code, as smaps has it (proc(5)).
long resident_code_kib()
{
    std::ifstream maps("/proc/self/smaps");
    std::string line;
    bool is_ours = false;
    while (std::getline(maps, line)) {
        if (line.find(" r-xp ") != std::string::npos)
            is_ours = line.find("launcher_tests") != std::string::npos;
        if (is_ours && line.starts_with("Rss:"))
            return std::stol(line.substr(4));
    }
    return -1;
}

TEST(OwnCode, IsUnmappedAndComesBackWhenItIsNeeded)
{
    long const before = resident_code_kib();
    let_go_of_start_code();
    long const after = resident_code_kib();
    ASSERT_GT(before, 0);
    ASSERT_GT(after, 0); // what runs is there
    EXPECT_LT(after, before);
}

} // namespace
} // namespace osh::sys
