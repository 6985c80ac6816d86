#include "launcher/broker/directory_names.h"

#include "launcher/sys/entry_calls.h"

#include <fcntl.h>
#include <gtest/gtest.h>

namespace osh::launcher
{
namespace
{

TEST(MountRows, AreReadWithTheirEscapesAndRubbishIsLeftOut)
{
    auto const rows = read_mount_rows("36 35 98:0 / /mnt rw,noatime master:1 - ext3 /dev/root rw\n"
                                      "7 36 0:21 /a\\040b\\134c /x\\012y rw - tmpfs none rw\n"
                                      "rubbish\n\n8 1 0:3\n9 1 0:4 relative /x rw - a b c\n"
                                      "10 1 0:5 /ends\\04");
    ASSERT_EQ(rows.size(), 3u);
    EXPECT_EQ(rows[0].id, 36u);
    EXPECT_EQ(rows[0].device, "98:0");
    EXPECT_EQ(rows[0].root, "/");
    EXPECT_EQ(rows[1].root, "/a b\\c");
    EXPECT_EQ(rows[2].root, "/ends\\04");
}

TEST(DirectoryNames, AreThePathsOfOurOwnMounts)
{
    auto const proc = sys::open_here("/proc", O_PATH | O_DIRECTORY);
    auto const place = sys::open_here("/usr/bin", O_PATH | O_DIRECTORY);
    for (bool const has_other_roots : {false, true}) {
        DirectoryNames names({{"/usr"}, {}, {}, {}}, proc.fd, has_other_roots);
        EXPECT_EQ(names.of(place.fd), sys::own_path_of(place.fd));
    }
}

TEST(DirectoryNames, CannotTellWhatIsNoDescriptor)
{
    auto const proc = sys::open_here("/proc", O_PATH | O_DIRECTORY);
    DirectoryNames names({{"/usr"}, {}, {}, {}}, proc.fd, true);
    EXPECT_EQ(names.of(sys::Fd()), std::nullopt);
}

} // namespace
} // namespace osh::launcher
