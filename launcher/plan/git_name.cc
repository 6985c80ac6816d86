#include "launcher/plan/git_name.h"

#include "policy/base/text.h"

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

} // namespace

GitName git_name_of(std::string_view config)
{
    GitName person;
    bool is_user = false;
    for (auto const raw : split(config, '\n')) {
        std::string_view const line = trimmed(raw);
        if (line.starts_with('[')) {
            is_user = equals_ignoring_case(line.substr(0, 6), "[user]");
            continue;
        }
        std::size_t const equals = line.find('=');
        if (!is_user || equals == std::string_view::npos)
            continue;
        auto const key = trimmed(line.substr(0, equals));
        if (equals_ignoring_case(key, "name"))
            person.name = value_of(trimmed(line.substr(equals + 1)));
        else if (equals_ignoring_case(key, "email"))
            person.email = value_of(trimmed(line.substr(equals + 1)));
    }
    return person;
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
