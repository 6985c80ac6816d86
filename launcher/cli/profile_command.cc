// `osh profile list|show|check|path`.

#include "launcher/cli/profile_command.h"

#include "launcher/cli/options.h"
#include "launcher/sys/io.h"
#include "policy/base/text.h"

#include <algorithm>
#include <cstdio>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

using launcher::StoredKind;
using launcher::StorePlaces;

char const* word_for(StoredKind kind)
{
    switch (kind) {
    case StoredKind::User: return "yours";
    case StoredKind::Packaged: return "packaged";
    case StoredKind::Agent: return "agent";
    }
    return "";
}

int report(Error const& error)
{
    fmt::print(stderr, "osh: {}\n", error.sentence);
    return 1;
}

int list(StorePlaces const& places, ParsedOptions const& options)
{
    bool const as_json = options.has("json");
    for (auto const& profile : launcher::list_profiles(places)) {
        if (as_json)
            fmt::print("{{\"v\":1,\"name\":{},\"kind\":\"{}\",\"path\":{},\"description\":{}}}\n",
                json_quoted(profile.name), word_for(profile.kind), json_quoted(profile.path),
                json_quoted(profile.description));
        else
            fmt::print("{:<16} {:<9} {}{}\n", shown(profile.name), word_for(profile.kind),
                profile.is_abstract ? "(to be extended) " : "", profile.description);
    }
    return 0;
}

int show(StorePlaces const& places, ParsedOptions const& options)
{
    std::vector<std::string> const names(
        options.positionals.begin() + 1, options.positionals.end());
    if (options.has("effective")) {
        auto const profile = loaded_or_reported(places, names);
        if (!profile)
            return 1;
        std::string chain;
        for (auto const& name : profile->chain)
            chain += (chain.empty() ? "" : ", ") + shown(name);
        fmt::print("# made of: {}\n{}", chain, policy::profile_as_toml(*profile));
        return 0;
    }
    for (auto const& name : names) {
        auto const path = launcher::profile_path(places, name);
        if (!path.ok())
            return report(path.error());
        auto const text = sys::read_file(*path, launcher::kMaxProfileBytes);
        if (!text.ok())
            return report(text.error());
        fmt::print("# {}\n{}", shown(*path, 4096), *text);
    }
    return 0;
}

// Diagnostics are the answer here: stdout, exit code 1 on an error.
int check(StorePlaces const& places, ParsedOptions const& options)
{
    bool has_error = false;
    for (std::size_t i = 1; i < options.positionals.size(); ++i) {
        auto const loaded = launcher::load_profile(places, {options.positionals[i]});
        if (!loaded.ok())
            return report(loaded.error());
        auto found = loaded->diagnostics;
        found.insert(found.end(), loaded->notes.begin(), loaded->notes.end());
        has_error = has_error || !loaded->profile;
        if (options.has("json"))
            fmt::print("{}\n", render_json(found));
        else
            fmt::print("{}", render(found));
        if (loaded->profile) {
            auto const layers = launcher::load_policy_layers(places, *loaded->profile);
            if (!layers.ok()) {
                report(layers.error());
                has_error = true;
            }
        }
    }
    return has_error ? 1 : 0;
}

int path(StorePlaces const& places, ParsedOptions const& options)
{
    auto const found = launcher::profile_path(places, options.positionals[1]);
    if (!found.ok())
        return report(found.error());
    fmt::print("{}\n", *found);
    return 0;
}

OptionTable const& table()
{
    static OptionTable const rows{"profile",
        "list | show NAME… [--effective] | check FILE|NAME… | path NAME",
        "What profiles there are and what they say. See osh-profile(5).",
        {{"--effective", "", "with all that it extends, every value spelled out"},
            {"--json", "", "one JSON object a line (list), or an array (check)"}}};
    return rows;
}

} // namespace

std::optional<policy::Profile> loaded_or_reported(
    StorePlaces const& places, std::vector<std::string> const& names)
{
    auto loaded = launcher::load_profile(places, names);
    if (!loaded.ok()) {
        report(loaded.error());
        return std::nullopt;
    }
    std::string const text = render(loaded->diagnostics);
    if (!loaded->profile)
        fmt::print(stderr, "osh: the profile has errors\n\n");
    fmt::print(stderr, "{}", text);
    return std::move(loaded->profile);
}

int profile_command(Arguments arguments)
{
    auto const options = parse_options(table(), arguments);
    if (!options.ok()) {
        fmt::print(stderr, "{}\n", options.error().sentence);
        return 2;
    }
    std::size_t const words = options->positionals.size();
    std::string const verb = words == 0 ? "" : options->positionals[0];
    bool const needs_name = verb == "show" || verb == "check" || verb == "path";
    if (options->wants_help || (verb != "list" && !needs_name) || (needs_name && words < 2)) {
        fmt::print(options->wants_help ? stdout : stderr, "{}", help_text(table()));
        return options->wants_help ? 0 : 2;
    }
    auto const places = launcher::find_store_places();
    if (!places.ok())
        return report(places.error());
    if (verb == "list")
        return list(*places, *options);
    if (verb == "show")
        return show(*places, *options);
    return verb == "check" ? check(*places, *options) : path(*places, *options);
}

} // namespace osh::cli
