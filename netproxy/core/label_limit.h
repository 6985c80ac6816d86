#pragma once
// How many new names below one zone may be looked up, and how many bytes in them: a rule for
// "*.example.com" lets whoever owns the zone read what is put into labels (security design H10).
// Names that a rule spells out, or a person answered for, are not counted. Pure, bounded.

#include "policy/base/time.h"
#include "policy/evaluate/question.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

namespace osh::netproxy::core
{

inline constexpr std::size_t kMaxZones = 256;        // counted apart; beyond: refused
inline constexpr std::size_t kMaxNamesOfZone = 4096; // known ones, which cost nothing again
inline constexpr Duration kLabelWindow = 60s;

struct NewNames { // in each window, of each zone
    std::uint32_t per_minute = 20;
    std::uint32_t bytes_per_minute = 1024; // in front of the zone, dots included
};

policy::Verdict too_many_names();

class LabelLimit
{
public:
    explicit LabelLimit(NewNames most) : most_(most) {}

    // RefusedFirst: the first one of its window, worth a notice.
    enum class Answer : std::uint8_t { Admitted, Refused, RefusedFirst };
    // May `name`, which only a pattern for `zone` admits, be looked up now?
    Answer ask(std::string_view zone, std::string_view name, Instant now);
    std::uint64_t refused() const { return refused_; }

private:
    struct Zone {
        std::unordered_set<std::string> known;
        Instant since{};
        std::uint32_t count = 0, bytes = 0;
        bool was_told = false;
    };
    Answer refuse(bool& was_told);

    NewNames most_;
    std::uint64_t refused_ = 0;
    bool were_zones_told_ = false;
    std::unordered_map<std::string, Zone> zones_;
};

} // namespace osh::netproxy::core
