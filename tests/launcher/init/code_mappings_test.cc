#include "launcher/init/code_mappings.h"

#include <gtest/gtest.h>

namespace osh::launcher
{

TEST(CodeMappings, AreTheExecutableFilesEachOnce)
{
    auto const files = parse_code_mappings("55d0-55d1 r--p 00000000 fe:01 11   /usr/bin/curl\n"
                                           "55d1-55d2 r-xp 00001000 fe:01 11   /usr/bin/curl\n"
                                           "55d2-55d3 r-xp 00002000 fe:01 11   /usr/bin/curl\n"
                                           "7f00-7f01 rwxp 00000000 00:00 0 \n"
                                           "7f02-7f03 r-xp 00000000 00:2a 7   /home/a b/evil.so\n"
                                           "7ffd-7ffe r-xp 00000000 00:00 0   [vdso]\n");
    ASSERT_TRUE(files);
    EXPECT_EQ(*files, (std::vector<CodeMapping>{
                          {0xfe, 1, 11, "/usr/bin/curl"}, {0, 0x2a, 7, "/home/a b/evil.so"}}));
}

TEST(CodeMappings, ProveNothingWhenCutOrOdd)
{
    EXPECT_FALSE(parse_code_mappings("55d0-55d1 r-xp 00000000 fe:01 11 /usr/bin/cu"));
    EXPECT_FALSE(parse_code_mappings("55d0-55d1 r-xp 00000000 fe01 11 /usr/bin/curl\n"));
    EXPECT_FALSE(parse_code_mappings("\n"));
    EXPECT_FALSE(parse_code_mappings(""));
}

} // namespace osh::launcher
