#include "launcher/plan/devices.h"

#include <gmock/gmock.h>

namespace osh::launcher
{
namespace
{

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

NodeFact node(std::string path, std::uint32_t major, std::uint32_t minor = 0)
{
    return {NodeKind::Character, std::move(path), 0, major, minor};
}

HostFacts workstation()
{
    HostFacts facts;
    for (auto const& fact : {node("/dev/dri/renderD128", 226, 128), node("/dev/dri/card0", 226),
             node("/dev/nvidia0", 195), node("/dev/nvidiactl", 195, 255), node("/dev/video0", 81),
             node("/dev/snd/pcmC0D0p", 116), node("/dev/kvm", 10, 232), node("/dev/fuse", 10, 229),
             node("/dev/ttyUSB0", 188), node("/dev/mem", 1, 1), node("/dev/tty1", 4, 1)})
        facts.devices[fact.real_path] = fact;
    facts.devices["/dev/sda"] = {NodeKind::Block, "/dev/sda", 0, 8, 0};
    facts.devices["/dev/video9"] = node("/dev/mem", 1, 1); // a link
    facts.devices["/dev/serial/by-id/usb-1"] = node("/dev/ttyUSB0", 188);
    return facts;
}

Planned named(std::vector<std::string> names, bool share_fuse = false)
{
    policy::Profile profile;
    profile.filesystem.devices = std::move(names);
    profile.share_fuse = share_fuse;
    Planned planned;
    add_devices(planned, workstation(), profile);
    return planned;
}

std::vector<std::string> given(Planned const& planned)
{
    std::vector<std::string> paths;
    for (auto const& step : planned.plan.mounts) {
        EXPECT_FALSE(step.no_dev);
        paths.push_back(step.target);
    }
    EXPECT_THAT(planned.plan.landlock, SizeIs(paths.size()));
    return paths;
}

std::string refusal(std::string const& name)
{
    auto const planned = named({name});
    EXPECT_THAT(planned.plan.mounts, IsEmpty()) << name;
    EXPECT_THAT(planned.errors, SizeIs(1)) << name;
    return planned.errors.empty() ? "" : planned.errors[0].sentence;
}

TEST(AddDevices, GivesRenderNodesAndNvidiasOwnForGpu)
{
    EXPECT_THAT(given(named({"gpu"})),
        ElementsAre("/dev/dri/renderD128", "/dev/nvidia0", "/dev/nvidiactl"));
}

TEST(AddDevices, KeepsGroupsApart)
{
    EXPECT_THAT(given(named({"camera"})), ElementsAre("/dev/video0"));
    EXPECT_THAT(given(named({"audio"})), ElementsAre("/dev/snd/pcmC0D0p"));
    EXPECT_THAT(given(named({"kvm"})), ElementsAre("/dev/kvm"));
    EXPECT_THAT(given(named({})), SizeIs(6));
    EXPECT_THAT(named({}).plan.notes, IsEmpty());
    EXPECT_THAT(named({"camera"}).plan.notes, ElementsAre(HasSubstr("camera is open")));
}

TEST(AddDevices, OpensSerialLinesByTheirPath)
{
    EXPECT_THAT(given(named({"/dev/ttyUSB0"})), ElementsAre("/dev/ttyUSB0"));
    auto const planned = named({"/dev/serial/by-id/usb-1"});
    EXPECT_THAT(given(planned), ElementsAre("/dev/serial/by-id/usb-1"));
    EXPECT_EQ(planned.plan.mounts[0].source, "/dev/ttyUSB0");
}

TEST(AddDevices, NotesWhatIsNotThere)
{
    EXPECT_THAT(named({"/dev/ttyUSB7"}).plan.notes, ElementsAre("/dev/ttyUSB7 is not there"));
    EXPECT_THAT(named({"/dev/ttyUSB7"}).errors, IsEmpty());
}

TEST(AddDevices, RefusesDisksMemoryAndWhatItDoesNotKnow)
{
    EXPECT_THAT(refusal("/dev/sda"), HasSubstr("every file on it"));
    EXPECT_THAT(refusal("/dev/mem"), HasSubstr("memory"));
    EXPECT_THAT(refusal("/dev/tty1"), HasSubstr("only USB serial lines"));
    EXPECT_THAT(refusal("/dev/kvm"), HasSubstr("only USB serial lines"));
    EXPECT_THAT(refusal("/dev/../etc/shadow"), HasSubstr("not below /dev"));
    EXPECT_THAT(refusal("/etc/shadow"), HasSubstr("not below /dev"));
    EXPECT_THAT(refusal("sda"), HasSubstr("osh does not know it"));
    EXPECT_THAT(refusal("dri"), HasSubstr("write \"gpu\""));
    EXPECT_THAT(refusal("camra"), HasSubstr("write \"camera\""));
}

TEST(AddDevices, GivesFuseWithTheUnsafeKeyOnly)
{
    EXPECT_THAT(refusal("fuse"), HasSubstr("[unsafe] share_fuse = true"));
    EXPECT_THAT(given(named({"fuse"}, true)), ElementsAre("/dev/fuse"));
}

TEST(DevicePattern, FitsWholeNamesOnly)
{
    DevicePattern const digits{"/dev", "video", DevicePattern::Tail::Digits};
    EXPECT_TRUE(fits(digits, "video12"));
    EXPECT_FALSE(fits(digits, "video"));
    EXPECT_FALSE(fits(digits, "video1x"));
    EXPECT_FALSE(fits({"/dev", "kvm", DevicePattern::Tail::None}, "kvm2"));
    EXPECT_FALSE(fits({"/dev/snd", "", DevicePattern::Tail::Any}, "by-path/x"));
}

} // namespace
} // namespace osh::launcher
