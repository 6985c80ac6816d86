#pragma once
// `osh profile`, `osh secret` and `osh env`: what profiles say, without starting anything.

#include "launcher/cli/command.h"
#include "launcher/supervise/profile_store.h"

#include <string>
#include <vector>

namespace osh::cli
{

int profile_command(Arguments arguments);
int secret_command(Arguments arguments);
int env_command(Arguments arguments);

// Loads and reports: errors to stderr with exit code 1. Notes and warnings are shown too.
std::optional<policy::Profile> loaded_or_reported(
    launcher::StorePlaces const& places, std::vector<std::string> const& names);

} // namespace osh::cli
