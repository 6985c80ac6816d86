#pragma once
// What the attempts of `osh attack` mean: the lines of both runs, outside and inside, become
// verdicts, a score, and words for people. Pure.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace osh::launcher
{

enum class AttackVerdict : std::uint8_t {
    Held,    // works outside, not inside
    Escaped, // works inside
    Open,    // works inside, because the profile says so in words
    Unproven // does not work outside either, or could not be tried: counts for nothing
};

struct AttackLine {
    std::string name, outcome, detail;
};
// Lines "name<TAB>outcome<TAB>detail"; what is not such a line is left out. `is_whole` tells
// whether the last one said that all attempts were made.
struct AttackRun {
    std::vector<AttackLine> lines;
    bool is_whole = false;
};
AttackRun parse_attack_run(std::string_view text);

struct AttackFinding {
    std::string name;
    AttackVerdict verdict = AttackVerdict::Unproven;
    std::string outside, inside; // what happened there, in words
    std::string meaning;         // of an escape or of an open door
};

struct AttackPermissions { // doors that the profile opens
    bool nested = false, debug = false;
    bool overlay = false; // what is written in the project reaches nobody outside
};

struct AttackReport {
    std::vector<AttackFinding> findings;
    std::size_t held = 0, escaped = 0, open = 0, unproven = 0;
    bool is_whole = false;
};

AttackReport judge_attack(
    AttackRun const& outside, AttackRun const& inside, AttackPermissions permissions);
std::string describe(AttackReport const& report);
std::string describe_json(AttackReport const& report);

} // namespace osh::launcher
