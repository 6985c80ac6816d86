#include "credentials/rewrite/slot.h"

#include "credentials/rewrite/encoding.h"
#include "policy/base/text.h"

#include <algorithm>

namespace osh::credentials
{
namespace
{

bool contains(std::string_view text, std::string_view needle)
{
    return text.find(needle) != std::string_view::npos;
}

// The credentials of "Basic …", decoded (RFC 7617); nullopt for another scheme.
std::optional<std::string> basic_pair(std::string_view header)
{
    if (header.size() < 6 || !equals_ignoring_case(header.substr(0, 6), "basic "))
        return std::nullopt;
    return from_base64(trimmed(header.substr(6)));
}

bool field_holds(Field const& field, std::string_view needle)
{
    if (contains(field.value, needle))
        return true;
    auto const pair = basic_pair(field.value);
    return pair && contains(*pair, needle);
}

std::string_view parameter_name(std::string_view parameter)
{
    return parameter.substr(0, parameter.find('='));
}

bool parameter_holds(std::string_view parameter, std::string_view needle)
{
    return contains(parameter, needle) || contains(from_percent(parameter), needle);
}

bool path_holds(std::string_view path, std::string_view needle)
{
    return contains(path, needle) || contains(from_percent(path), needle);
}

void set_header(Draft& draft, std::string const& name, std::string value)
{
    auto const is_it = [&](Field const& field) { return equals_ignoring_case(field.name, name); };
    auto const first = std::ranges::find_if(draft.fields, is_it);
    if (first == draft.fields.end()) {
        draft.fields.push_back({name, std::move(value)});
        return;
    }
    first->value = std::move(value);
    // A second field of the name could be read instead of ours.
    auto const rest = std::remove_if(first + 1, draft.fields.end(), is_it);
    draft.fields.erase(rest, draft.fields.end());
}

void set_parameter(Draft& draft, std::string const& name, std::string const& value)
{
    Slot const slot{SlotKind::Query, name};
    clear_slot(draft, slot);
    draft.query += (draft.query.empty() ? "" : "&") + name + "=" + percent(value, Case::Upper);
}

void replace_in_path(Draft& draft, std::string_view placeholder, std::string_view value)
{
    std::string const encoded = percent(value, Case::Upper);
    std::size_t const at = draft.path.find(placeholder);
    if (at != std::string::npos && !placeholder.empty())
        draft.path.replace(at, placeholder.size(), encoded);
}

std::string filled(std::string_view pattern, std::string_view value)
{
    std::string out(pattern);
    constexpr std::string_view kMark = "{value}";
    if (std::size_t const at = out.find(kMark); at != std::string::npos)
        out.replace(at, kMark.size(), value);
    return out;
}

// The user of the client's own Basic credentials, for rules that name none.
std::string user_of(Draft const& draft)
{
    for (auto const& field : draft.fields)
        if (equals_ignoring_case(field.name, "authorization"))
            if (auto const pair = basic_pair(field.value))
                return pair->substr(0, pair->find(':'));
    return "";
}

} // namespace

Slot slot_of(AttachRule const& rule)
{
    switch (rule.kind) {
    case AttachKind::Mtls: // never asked for: it is no part of a request
    case AttachKind::Bearer:
    case AttachKind::Basic:
    case AttachKind::Git: return {SlotKind::Header, "authorization"};
    case AttachKind::Header: return {SlotKind::Header, to_lower_ascii(rule.header)};
    case AttachKind::Query: return {SlotKind::Query, rule.param};
    case AttachKind::Path: return {SlotKind::Path, ""};
    }
    return {SlotKind::Header, "authorization"};
}

bool is_empty(Draft const& draft, Slot const& slot)
{
    switch (slot.kind) {
    case SlotKind::Header:
        return std::ranges::none_of(draft.fields, [&](Field const& field) {
            return equals_ignoring_case(field.name, slot.name) && !trimmed(field.value).empty();
        });
    case SlotKind::Query:
        return std::ranges::none_of(split(draft.query, '&'), [&](std::string_view parameter) {
            return from_percent(parameter_name(parameter)) == slot.name;
        });
    case SlotKind::Path: return false; // there is no place in a path that could be filled
    }
    return false;
}

bool slot_holds(Draft const& draft, Slot const& slot, std::string_view needle)
{
    if (needle.empty())
        return false;
    switch (slot.kind) {
    case SlotKind::Header:
        return std::ranges::any_of(draft.fields, [&](Field const& field) {
            return equals_ignoring_case(field.name, slot.name) && field_holds(field, needle);
        });
    case SlotKind::Query:
        return std::ranges::any_of(split(draft.query, '&'), [&](std::string_view parameter) {
            return from_percent(parameter_name(parameter)) == slot.name
                   && parameter_holds(parameter, needle);
        });
    case SlotKind::Path: return path_holds(draft.path, needle);
    }
    return false;
}

std::vector<Slot> slots_with(Draft const& draft, std::string_view needle)
{
    std::vector<Slot> slots;
    if (needle.empty())
        return slots;
    for (auto const& field : draft.fields)
        if (field_holds(field, needle))
            slots.push_back({SlotKind::Header, to_lower_ascii(field.name)});
        else if (contains(field.name, to_lower_ascii(needle)) || contains(field.name, needle))
            slots.push_back({SlotKind::Header, "(a header's name)"});
    for (auto const parameter : split(draft.query, '&'))
        if (parameter_holds(parameter, needle))
            slots.push_back({SlotKind::Query, from_percent(parameter_name(parameter))});
    if (path_holds(draft.path, needle))
        slots.push_back({SlotKind::Path, ""});
    return slots;
}

void attach(
    Draft& draft, AttachRule const& rule, std::string_view placeholder, std::string_view value)
{
    std::string const text(value);
    switch (rule.kind) {
    case AttachKind::Bearer: set_header(draft, "Authorization", "Bearer " + text); break;
    case AttachKind::Header:
        set_header(draft, rule.header, filled(rule.value_template, value));
        break;
    case AttachKind::Basic:
    case AttachKind::Git: {
        std::string const user = rule.user.empty() ? user_of(draft) : rule.user;
        set_header(draft, "Authorization", "Basic " + base64(user + ":" + text));
        break;
    }
    case AttachKind::Query: set_parameter(draft, rule.param, text); break;
    case AttachKind::Path: replace_in_path(draft, placeholder, value); break;
    case AttachKind::Mtls: break;
    }
}

void clear_slot(Draft& draft, Slot const& slot)
{
    if (slot.kind == SlotKind::Header)
        std::erase_if(draft.fields,
            [&](Field const& field) { return equals_ignoring_case(field.name, slot.name); });
    if (slot.kind != SlotKind::Query)
        return;
    std::string kept;
    for (auto const parameter : split(draft.query, '&'))
        if (!parameter.empty() && from_percent(parameter_name(parameter)) != slot.name)
            (kept += kept.empty() ? "" : "&") += parameter;
    draft.query = kept;
}

// One row of a table per pattern character, so that no pattern takes more than its length times
// the path's.
bool path_matches(std::string_view pattern, std::string_view path)
{
    if (pattern == "**")
        return true;
    std::vector<bool> at(path.size() + 1, false); // which prefixes of the path are matched so far
    at[0] = true;
    for (std::size_t p = 0; p < pattern.size(); ++p) {
        bool const is_star = pattern[p] == '*';
        bool const is_double = is_star && pattern.substr(p, 2) == "**";
        std::vector<bool> next(path.size() + 1, false);
        for (std::size_t i = 0; i <= path.size(); ++i) {
            if (is_star)
                next[i] = at[i] || (i > 0 && next[i - 1] && (is_double || path[i - 1] != '/'));
            else if (i > 0)
                next[i] =
                    at[i - 1]
                    && (pattern[p] == path[i - 1] || (pattern[p] == '?' && path[i - 1] != '/'));
        }
        at = std::move(next);
        p += is_double ? 1 : 0;
    }
    return at[path.size()];
}

} // namespace osh::credentials
