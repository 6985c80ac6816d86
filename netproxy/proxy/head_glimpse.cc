// Line by line, the first of each kind; what is odd is left out.
#include "netproxy/proxy/head_glimpse.h"

#include "policy/base/text.h"

#include <algorithm>
#include <array>

namespace osh::netproxy::proxy
{
namespace
{

constexpr std::array<std::string_view, 3> kTelling = {"accept", "content-type", "user-agent"};
constexpr std::size_t kMaxSeen = 1024; // of a value, a path or a method

bool is_plain(std::string_view text)
{
    return text.size() <= kMaxSeen
           && std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

void see_field(RequestHead& head, std::string_view name, std::string_view value)
{
    auto const is_name = [name](std::string_view one) { return equals_ignoring_case(one, name); };
    bool const is_known = std::ranges::any_of(
        head.fields, [&](HttpField const& field) { return is_name(field.name); });
    if (std::ranges::any_of(kTelling, is_name) && !is_known && is_plain(value))
        head.fields.push_back({std::string(name), std::string(value)});
}

void see_path(RequestHead& head, std::string_view target)
{
    auto const path = target.substr(0, target.find('?'));
    if (path.starts_with('/') && is_plain(path))
        head.path = path;
}

std::string_view next_line(std::string_view& rest)
{
    auto const end = rest.find('\n');
    auto line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r'))
        line.remove_suffix(1);
    return line;
}

} // namespace

RequestHead glimpse_of(std::string_view text)
{
    RequestHead head;
    auto const line = next_line(text);
    auto const space = std::min(line.find(' '), line.size());
    if (auto const method = line.substr(0, space); is_plain(method))
        head.method = method;
    auto const target = line.substr(std::min(space + 1, line.size()));
    see_path(head, target.substr(0, target.find(' ')));
    while (!text.empty()) {
        auto const field = next_line(text);
        if (auto const colon = field.find(':'); colon != std::string_view::npos)
            see_field(head, field.substr(0, colon), trimmed(field.substr(colon + 1)));
    }
    return head;
}

RequestHead glimpse_of(std::vector<HttpField> const& block)
{
    RequestHead head;
    for (auto const& field : block) {
        if (field.name == ":method" && is_plain(field.value))
            head.method = field.value;
        else if (field.name == ":path")
            see_path(head, field.value);
        else
            see_field(head, field.name, field.value);
    }
    return head;
}

} // namespace osh::netproxy::proxy
