#pragma once
// Looks where this session may make a control group: the own group of cgroup2 or one of its parents
// that the person may write (a desktop session of systemd), else the old hierarchies (root).

#include "launcher/plan/cgroup_view.h"

namespace osh::launcher
{

GroupPlace find_group_place();

} // namespace osh::launcher
