#include "policy/model/added_host.h"

#include <gtest/gtest.h>

namespace osh::policy
{

TEST(ParseAddedHost, ReadsNamesWithEitherFamily)
{
    EXPECT_EQ(parse_added_host("Db.Test:10.0.0.5")->name, "db.test");
    EXPECT_EQ(parse_added_host("db.test.:10.0.0.5")->name, "db.test");
    EXPECT_EQ(parse_added_host("db.test:fd00::1")->address.text(), "fd00::1");
    EXPECT_EQ(parse_added_host("db.test:[fd00::1]")->address.text(), "fd00::1");
}

TEST(ParseAddedHost, RefusesEverythingElse)
{
    for (auto const* text : {"", "db.test", ":1.2.3.4", "db.test:", "db.test:name", "a b:1.2.3.4",
             "1.2.3.4:1.2.3.4", "db.test:1.2.3.4:5", "db\n.test:1.2.3.4"})
        EXPECT_FALSE(parse_added_host(text).ok()) << text;
}

} // namespace osh::policy
