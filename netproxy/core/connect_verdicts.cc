#include "netproxy/core/connect_verdicts.h"

#include <algorithm>

namespace osh::netproxy::core
{

ConnectVerdictPtr ConnectVerdicts::shared(
    std::shared_ptr<policy::Policy const> const& reached_by, policy::ConnectVerdict fresh)
{
    if (policy_ != reached_by) {
        policy_ = reached_by;
        reached_.clear();
    }
    auto const known =
        std::ranges::find_if(reached_, [&](auto const& one) { return *one == fresh; });
    if (known != reached_.end())
        return *known;
    auto made = std::make_shared<policy::ConnectVerdict const>(std::move(fresh));
    if (reached_.size() < kMostRemembered)
        reached_.push_back(made);
    else
        reached_[next_++ % kMostRemembered] = made;
    return made;
}

} // namespace osh::netproxy::core
