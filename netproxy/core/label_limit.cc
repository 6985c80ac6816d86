#include "netproxy/core/label_limit.h"

#include <utility>

namespace osh::netproxy::core
{

policy::Verdict too_many_names()
{
    policy::Verdict verdict;
    verdict.code = policy::DenyCode::AddressBlocked;
    verdict.reason = "too many new names below one zone that only a pattern admits; a rule for the "
                     "name itself, or network.new_labels and network.new_label_bytes in the "
                     "profile, admit more";
    return verdict;
}

LabelLimit::Answer LabelLimit::refuse(bool& was_told)
{
    ++refused_;
    return std::exchange(was_told, true) ? Answer::Refused : Answer::RefusedFirst;
}

LabelLimit::Answer LabelLimit::ask(std::string_view zone, std::string_view name, Instant now)
{
    auto const known = zones_.find(std::string(zone));
    if (known == zones_.end() && zones_.size() >= kMaxZones)
        return refuse(were_zones_told_);
    auto& counted = known == zones_.end() ? zones_[std::string(zone)] : known->second;
    std::string key(name);
    if (counted.known.contains(key))
        return Answer::Admitted;
    if (counted.since == Instant{} || now - counted.since >= kLabelWindow) {
        counted.since = now;
        counted.count = counted.bytes = 0;
        counted.was_told = false;
    }
    // "." is the zone of an endpoint without a host: all of the name is in front of it.
    bool const is_below = zone.size() > 1 && name.ends_with(zone);
    auto const bytes = static_cast<std::uint32_t>(name.size() - (is_below ? zone.size() : 0));
    bool const is_too_much =
        counted.count >= most_.per_minute || bytes > most_.bytes_per_minute - counted.bytes;
    if (is_too_much || counted.known.size() >= kMaxNamesOfZone)
        return refuse(counted.was_told);
    ++counted.count;
    counted.bytes += bytes;
    counted.known.insert(std::move(key));
    return Answer::Admitted;
}

} // namespace osh::netproxy::core
