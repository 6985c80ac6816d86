#pragma once
// The verdicts on connections that were reached last, so that ten thousand connections under one
// rule hold one of them. Decides nothing.

#include "policy/evaluate/question.h"

#include <memory>
#include <vector>

namespace osh::policy
{
struct Policy;
}

namespace osh::netproxy::core
{

using ConnectVerdictPtr = std::shared_ptr<policy::ConnectVerdict const>;

class ConnectVerdicts
{
public:
    // The same, perhaps as another connection holds it already. Its views point into the policy
    // that reached it: verdicts of two policies are never shared, and a new one forgets all.
    ConnectVerdictPtr shared(
        std::shared_ptr<policy::Policy const> const& reached_by, policy::ConnectVerdict fresh);

private:
    static constexpr std::size_t kMostRemembered = 32;
    std::shared_ptr<policy::Policy const> policy_;
    std::vector<ConnectVerdictPtr> reached_;
    std::size_t next_ = 0; // to be replaced
};

} // namespace osh::netproxy::core
