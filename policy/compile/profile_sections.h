#pragma once
// One profile file laid over a Profile: scalars replace, tables merge key by key, lists append. Not
// here: which files and in which order (profile.cc).

#include "policy/compile/profile.h"
#include "policy/compile/profile_reader.h"

namespace osh::policy
{

Profile default_profile(); // what the design's reference gives when no file speaks

void apply_sections(ProfileReader& top, ProfileText const& file, Profile& into);
void apply_credentials(ProfileReader& top, ProfileText const& file, Profile& into);

} // namespace osh::policy
