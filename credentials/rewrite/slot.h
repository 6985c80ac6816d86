#pragma once
// Where in a request a credential goes: one header, one query parameter, or a text in the path.
// Reading what is there, and putting a value in. Pure.

#include "credentials/rewrite/rewrite.h"

#include <string>
#include <string_view>
#include <vector>

namespace osh::credentials
{

enum class SlotKind { Header, Query, Path };

struct Slot {
    SlotKind kind = SlotKind::Header;
    std::string name; // lower-case header, or parameter

    friend bool operator==(Slot const&, Slot const&) = default;
};

Slot slot_of(AttachRule const& rule);

// A request as it will be sent.
struct Draft {
    std::vector<Field> fields;
    std::string query, path;
};

bool is_empty(Draft const& draft, Slot const& slot);
// Does the text of the slot hold `needle`? Basic credentials and percent escapes are decoded.
bool slot_holds(Draft const& draft, Slot const& slot, std::string_view needle);
// The same for any header, the query and the path: the slots that hold it.
std::vector<Slot> slots_with(Draft const& draft, std::string_view needle);

// Puts the value into the slot of the rule; `placeholder` is what it may replace in the path.
void attach(
    Draft& draft, AttachRule const& rule, std::string_view placeholder, std::string_view value);
void clear_slot(Draft& draft, Slot const& slot);

// The rule-path glob of the policy reference: "*" stops at "/", "**" does not.
bool path_matches(std::string_view pattern, std::string_view path);

} // namespace osh::credentials
