#include "launcher/cli/options.h"

#include "policy/base/text.h"

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <memory>

namespace osh::cli
{
namespace
{

std::string long_name(std::string const& names)
{
    for (std::string_view part : split(names, ','))
        if (part.starts_with("--"))
            return std::string(part.substr(2));
    return names;
}

// CLI11 has no "first positional ends the options": this finds it, so that only what is before it
// is parsed.
std::size_t own_arguments(OptionTable const& table, Arguments arguments)
{
    std::size_t i = 0;
    while (i < arguments.size()) {
        std::string const& word = arguments[i];
        if (word == "--" || !word.starts_with("-") || word == "-")
            return i;
        bool takes_value = false;
        for (auto const& row : table.rows)
            for (std::string_view name : split(row.names, ','))
                takes_value = takes_value || (name == word && !row.value_name.empty());
        i += takes_value ? 2 : 1;
    }
    return arguments.size();
}

std::string unknown_option(OptionTable const& table, std::string const& word)
{
    std::vector<std::string_view> known;
    for (auto const& row : table.rows)
        for (std::string_view name : split(row.names, ','))
            known.push_back(name);
    std::string_view const nearest = nearest_word(word.substr(0, word.find('=')), known);
    std::string const hint = nearest.empty() ? "" : fmt::format(" Did you mean \"{}\"?", nearest);
    return fmt::format("osh {}: unknown option {}.{} See `osh {} --help`.", table.command,
        in_quotes(word), hint, table.command);
}

// May throw CLI::ParseError: the only place that talks to CLI11.
void parse_with_cli11(
    OptionTable const& table, std::vector<std::string> words, ParsedOptions& parsed)
{
    CLI::App app;
    app.set_help_flag();
    app.allow_extras(false);
    std::map<std::string, std::vector<std::string>> values;
    std::map<std::string, int> flags;
    for (auto const& row : table.rows) {
        std::string const name = long_name(row.names);
        if (row.value_name.empty())
            app.add_flag(row.names, flags[name]);
        else
            // One value each time: "--policy FILE URL" leaves URL to the positionals.
            app.add_option(row.names, values[name])
                ->expected(1)
                ->take_all()
                ->allow_extra_args(false);
    }
    int help = 0;
    app.add_flag("-h,--help", help);
    if (table.positionals == Positionals::Intermixed)
        app.add_option("positionals", parsed.positionals);
    std::reverse(words.begin(), words.end());
    app.parse(std::move(words));
    parsed.wants_help = help > 0;
    for (auto& [name, list] : values)
        if (!list.empty())
            parsed.values[name] = std::move(list);
    for (auto const& [name, count] : flags)
        if (count > 0)
            parsed.values[name].assign(static_cast<std::size_t>(count), "");
}

bool is_known(OptionTable const& table, std::string_view word)
{
    std::string_view const option = word.substr(0, word.find('='));
    for (auto const& row : table.rows)
        for (std::string_view name : split(row.names, ','))
            if (name == option)
                return true;
    return false;
}

Error too_much(OptionTable const& table, Arguments own)
{
    for (auto const& word : own)
        if (word.starts_with("-") && word != "--" && word != "-" && !is_known(table, word))
            return {Errc::Invalid, 0, unknown_option(table, word)};
    return {Errc::Invalid, 0,
        fmt::format(
            "osh {}: too many arguments. See `osh {} --help`.", table.command, table.command)};
}

} // namespace

std::string ParsedOptions::last(std::string const& name, std::string fallback) const
{
    auto found = values.find(name);
    return found == values.end() || found->second.empty() ? std::move(fallback)
                                                          : found->second.back();
}

std::vector<std::string> ParsedOptions::all(std::string const& name) const
{
    auto found = values.find(name);
    return found == values.end() ? std::vector<std::string>{} : found->second;
}

Result<ParsedOptions> parse_options(OptionTable const& table, Arguments arguments)
{
    ParsedOptions parsed;
    bool const ends = table.positionals == Positionals::EndOptions;
    std::size_t const own = ends ? own_arguments(table, arguments) : arguments.size();
    if (ends && own < arguments.size()) {
        std::size_t const first = arguments[own] == "--" ? own + 1 : own;
        parsed.positionals.assign(arguments.begin() + first, arguments.end());
    }
    try {
        parse_with_cli11(table, {arguments.begin(), arguments.begin() + own}, parsed);
        return parsed;
    } catch (CLI::ExtrasError const&) {
        return std::unexpected<Error>(too_much(table, arguments.first(own)));
    } catch (CLI::ParseError const& error) {
        return fail(Errc::Invalid, fmt::format("osh {}: {}. See `osh {} --help`.", table.command,
                                       shown(error.what(), 300), table.command));
    }
}

std::string help_text(OptionTable const& table)
{
    std::string out =
        fmt::format("usage: osh {} {}\n\n{}\n", table.command, table.usage, table.summary);
    if (!table.rows.empty())
        out += "\noptions:\n";
    for (auto const& row : table.rows) {
        std::string names;
        for (std::string_view name : split(row.names, ','))
            (names += names.empty() ? "" : ", ") += name;
        names += row.value_name.empty() ? "" : " " + row.value_name;
        out += fmt::format("  {:<32} {}\n", names, row.help);
    }
    return out;
}

} // namespace osh::cli
