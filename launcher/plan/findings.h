#pragma once
// Host facts judged: what `osh doctor` says, each with its fix. The same judgements keep a session
// from starting (start_errors).

#include "launcher/plan/host_facts.h"

#include <string>
#include <vector>

namespace osh::launcher
{

enum class Health { Good, Weaker, Missing }; // Missing: no session can start

struct Finding {
    std::string name; // stable, for --json
    Health health = Health::Good;
    std::string value; // what was observed
    std::string fix;   // "" when nothing is to be done
};

std::vector<Finding> findings(HostFacts const& facts);
bool is_ready(std::vector<Finding> const& findings);
std::string describe(std::vector<Finding> const& findings);
std::string describe_json(std::vector<Finding> const& findings);

} // namespace osh::launcher
