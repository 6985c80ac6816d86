#pragma once
// Devices that a profile names (osh-profile(5), [filesystem] devices): what each name stands for on
// this machine, and what is never given. Nothing below /dev that is not listed here exists inside;
// ioctl(2) is Landlock's to refuse on all others. Pure.

#include "launcher/plan/plan.h"

#include <string>
#include <string_view>
#include <vector>

namespace osh::launcher
{

// Where nodes of a name are looked for: in `directory` those that begin with `stem`, all of them or
// followed by nothing but digits.
struct DevicePattern {
    enum class Tail { None, Digits, Any };
    std::string directory, stem;
    Tail tail = Tail::None;
};

// Empty for names that osh does not know; what every sandbox has is not looked for.
std::vector<DevicePattern> device_patterns(std::string_view name);
bool fits(DevicePattern const& pattern, std::string_view node);

// Appends mounts, Landlock rules and notes; errors for what osh does not give.
void add_devices(Planned& planned, HostFacts const& facts, policy::Profile const& profile);

} // namespace osh::launcher
