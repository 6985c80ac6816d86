#include "launcher/plan/git_name.h"

#include "policy/base/text.h"

#include <algorithm>
#include <vector>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxValue = 256;

// Quotes and escapes undone, as far as names have them; a comment ends the value.
std::string value_of(std::string_view text)
{
    std::string value;
    bool is_quoted = false;
    for (std::size_t i = 0; i < text.size() && value.size() < kMaxValue; ++i) {
        if (text[i] == '"')
            is_quoted = !is_quoted;
        else if (!is_quoted && (text[i] == '#' || text[i] == ';'))
            break;
        else if (text[i] == '\\' && i + 1 < text.size())
            value += text[++i];
        else
            value += text[i];
    }
    return std::string(trimmed(value));
}

std::string quoted_value(std::string_view value)
{
    std::string text = "\"";
    for (char const c : value) {
        if (static_cast<unsigned char>(c) < ' ')
            continue; // would end the line
        if (c == '"' || c == '\\')
            text += '\\';
        text += c;
    }
    return text + "\"";
}

// Calls take(key, value) for each setting of "[section]". A setting may follow its header's "]".
template<typename Take>
void for_each_setting(std::string_view config, std::string_view section, Take&& take)
{
    bool is_inside = false;
    for (auto const raw : split(config, '\n')) {
        std::string_view line = trimmed(raw);
        if (line.starts_with('[')) {
            std::size_t const end = line.find(']');
            is_inside = end != std::string_view::npos
                        && equals_ignoring_case(trimmed(line.substr(1, end - 1)), section);
            line = trimmed(line.substr(std::min(end, line.size() - 1) + 1));
        }
        std::size_t const equals = line.find('=');
        if (is_inside && equals != std::string_view::npos)
            take(trimmed(line.substr(0, equals)), value_of(trimmed(line.substr(equals + 1))));
    }
}

// "a/./b//c/../d" without its dots; "" when it leads out.
std::string without_dots(std::string_view path)
{
    std::vector<std::string_view> parts;
    for (auto const part : split(path, '/')) {
        if (part == ".." && parts.empty())
            return {};
        if (part == "..")
            parts.pop_back();
        else if (!part.empty() && part != ".")
            parts.push_back(part);
    }
    std::string text;
    for (auto const part : parts)
        text += (text.empty() ? "" : "/") + std::string(part);
    return text.empty() ? "." : text;
}

} // namespace

GitName git_name_of(std::string_view config)
{
    GitName person;
    for_each_setting(config, "user", [&](std::string_view key, std::string value) {
        if (equals_ignoring_case(key, "name"))
            person.name = std::move(value);
        else if (equals_ignoring_case(key, "email"))
            person.email = std::move(value);
    });
    return person;
}

std::string hooks_path_of(std::string_view config, HooksPlace const& place)
{
    std::string path;
    for_each_setting(config, "core", [&](std::string_view key, std::string value) {
        if (equals_ignoring_case(key, "hooksPath"))
            path = std::move(value);
    });
    if (path.starts_with("~/"))
        path = std::string(place.home) + path.substr(1);
    if (path.starts_with('/')) {
        bool const is_inside =
            path == place.project || path.starts_with(std::string(place.project) + "/");
        return is_inside ? without_dots(std::string_view(path).substr(place.project.size())) : "";
    }
    return path.empty() ? "" : without_dots(path);
}

std::string git_config_text(GitName const& person)
{
    if (person.name.empty() && person.email.empty())
        return {};
    std::string text = "[user]\n";
    if (!person.name.empty())
        text += "\tname = " + quoted_value(person.name) + "\n";
    if (!person.email.empty())
        text += "\temail = " + quoted_value(person.email) + "\n";
    return text;
}

} // namespace osh::launcher
