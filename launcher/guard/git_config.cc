#include "launcher/guard/git_config.h"

#include "policy/base/text.h"

#include <algorithm>

namespace osh::launcher
{
namespace
{

bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

bool is_word(std::string_view text)
{
    return !text.empty() && is_letter(text[0]) && std::all_of(text.begin(), text.end(), [](char c) {
        return is_letter(c) || (c >= '0' && c <= '9') || c == '-';
    });
}

std::string lower(std::string_view text)
{
    std::string copy(text);
    for (char& c : copy)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return copy;
}

std::string_view trimmed_blanks(std::string_view text)
{
    constexpr std::string_view kBlanks = " \t";
    std::size_t const begin = text.find_first_not_of(kBlanks);
    if (begin == std::string_view::npos)
        return {};
    return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

std::unexpected<Error> strange()
{
    return fail(Errc::Malformed, "a line that git itself would not write");
}

// [section] or [section "sub section"], alone on its line.
Result<GitSetting> read_header(std::string_view line)
{
    if (!line.ends_with(']'))
        return strange();
    std::string_view inside = line.substr(1, line.size() - 2);
    std::size_t const quote = inside.find('"');
    GitSetting header;
    header.section = lower(trimmed_blanks(inside.substr(0, quote)));
    if (!is_word(header.section))
        return strange();
    if (quote == std::string_view::npos)
        return inside == header.section || is_word(inside) ? Result<GitSetting>(header) : strange();
    if (quote == 0 || (inside[quote - 1] != ' ' && inside[quote - 1] != '\t'))
        return strange();
    inside.remove_prefix(quote + 1);
    if (!inside.ends_with('"'))
        return strange();
    inside.remove_suffix(1);
    for (std::size_t i = 0; i < inside.size(); ++i) {
        if (inside[i] == '"' || (inside[i] == '\\' && ++i == inside.size()))
            return strange();
        header.subsection += inside[i];
    }
    return header;
}

// parse_value() of git's config.c, for one line.
Result<std::string> read_value(std::string_view text)
{
    std::string value;
    std::size_t kept = 0; // blanks at the end do not count, unless quoted
    bool is_quoted = false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (!is_quoted && (c == '#' || c == ';'))
            break;
        if (c == '"') {
            is_quoted = !is_quoted;
            kept = value.size();
            continue;
        }
        bool const is_blank = !is_quoted && (c == ' ' || c == '\t');
        if (c == '\\') {
            if (++i == text.size())
                return strange(); // would go on in the next line
            constexpr std::string_view kFrom = "\\\"ntb", kTo = "\\\"\n\t\b";
            std::size_t const known = kFrom.find(text[i]);
            if (known == std::string_view::npos)
                return strange();
            c = kTo[known];
        }
        value += c;
        if (!is_blank)
            kept = value.size();
    }
    if (is_quoted)
        return strange();
    value.resize(kept);
    return value;
}

Result<GitSetting> read_setting(std::string_view line, GitSetting const& header)
{
    GitSetting setting = header;
    std::size_t const equals = std::min(line.find('='), line.size());
    std::string_view const key = trimmed_blanks(line.substr(0, equals));
    if (header.section.empty() || !is_word(key))
        return strange();
    setting.key = lower(key);
    if (equals == line.size())
        return setting;
    LET(value, read_value(trimmed_blanks(line.substr(equals + 1))));
    setting.value = std::move(value);
    return setting;
}

bool has_control(std::string_view text)
{
    return std::any_of(text.begin(), text.end(),
        [](char c) { return (static_cast<unsigned char>(c) < ' ' && c != '\t') || c == '\x7f'; });
}

std::string named(GitSetting const& setting)
{
    std::string const middle = setting.subsection.empty() ? "" : setting.subsection + ".";
    return setting.section + "." + middle + setting.key;
}

std::size_t steps_up(std::string_view path)
{
    std::size_t steps = 0;
    for (; path.starts_with("../"); path.remove_prefix(3))
        ++steps;
    return steps;
}

bool is_core_worktree(GitSetting const& setting)
{
    return setting.section == "core" && setting.subsection.empty() && setting.key == "worktree";
}

bool may_be_set(GitSetting const& setting, GitReach const& reach)
{
    if (is_core_worktree(setting)
        && std::ranges::find(reach.roots, setting.value) != reach.roots.end())
        return true;
    bool const climbs_out = setting.key == "worktree" && steps_up(setting.value) > reach.depth;
    return is_harmless(setting) && !climbs_out;
}

} // namespace

Result<std::vector<GitSetting>> read_git_config(std::string_view text)
{
    std::vector<GitSetting> settings;
    GitSetting header;
    for (std::string_view const raw : split(text, '\n')) {
        if (has_control(raw))
            return strange();
        std::string_view const line = trimmed_blanks(raw);
        if (line.empty() || line[0] == '#' || line[0] == ';')
            continue;
        if (line[0] == '[') {
            LET(next, read_header(line));
            header = std::move(next);
            continue;
        }
        LET(setting, read_setting(line, header));
        settings.push_back(std::move(setting));
    }
    return settings;
}

Result<> check_git_config(GitConfigChange const& change)
{
    if (change.before == change.after)
        return {};
    LET(now, read_git_config(change.after));
    auto then = read_git_config(change.before);
    std::vector<GitSetting> const old = then.ok() ? *std::move(then) : std::vector<GitSetting>();
    auto next = old.begin();
    for (auto const& setting : now) {
        if (may_be_set(setting, change.reach))
            continue;
        next = std::find(next, old.end(), setting);
        if (next == old.end())
            return fail(Errc::Denied, named(setting) + " = " + setting.value);
        ++next;
    }
    return {};
}

} // namespace osh::launcher
