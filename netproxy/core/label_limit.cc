#include "netproxy/core/label_limit.h"

namespace osh::netproxy::core
{

policy::Verdict too_many_names()
{
    policy::Verdict verdict;
    verdict.code = policy::DenyCode::AddressBlocked;
    verdict.reason = "too many new names below one zone that only a pattern admits; a rule for the "
                     "name itself, or network.new_labels in the profile, admits more";
    return verdict;
}

bool LabelLimit::admits(std::string_view zone, std::string_view name, Instant now)
{
    auto const known = zones_.find(std::string(zone));
    if (known == zones_.end() && zones_.size() >= kMaxZones) {
        ++refused_;
        return false;
    }
    auto& counted = known == zones_.end() ? zones_[std::string(zone)] : known->second;
    std::string key(name);
    if (counted.known.contains(key))
        return true;
    if (counted.count == 0 || now - counted.since >= kLabelWindow) {
        counted.since = now;
        counted.count = 0;
    }
    if (counted.count >= per_minute_ || counted.known.size() >= kMaxNamesOfZone) {
        ++refused_;
        return false;
    }
    ++counted.count;
    counted.known.insert(std::move(key));
    return true;
}

} // namespace osh::netproxy::core
