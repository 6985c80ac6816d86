// Which files a profile is made of, in which order, and what each of them must say about itself.

#include "policy/compile/profile.h"

#include "policy/base/text.h"
#include "policy/compile/profile_sections.h"

#include <algorithm>
#include <fmt/core.h>
#include <span>

namespace osh::policy
{
namespace
{

constexpr std::string_view kAgentMay[] = {"version", "name", "description", "extends", "abstract",
    "agent", "env", "policy", "filesystem", "credential"};
constexpr std::string_view kAgentPolicyMay[] = {"add"};
constexpr std::string_view kAgentFilesystemMay[] = {"read", "persist", "protect", "mask", "deny"};
constexpr std::string_view kAgentEnvMay[] = {"set", "path", "deny"};

struct ParsedFile {
    ProfileText const* text = nullptr;
    Document document;
    std::vector<std::pair<std::string, Span>> extends;
};

std::vector<std::pair<std::string, Span>> extends_of(Node const& root)
{
    std::vector<std::pair<std::string, Span>> names;
    for (auto const& entry : root.entries)
        for (auto const& item : entry.value.items)
            if (entry.key == "extends" && item.kind == NodeKind::String)
                names.emplace_back(item.scalar, item.span);
    return names;
}

class ChainBuilder
{
public:
    ChainBuilder(ProfileShelf const& shelf, std::vector<std::string> const& known, Diagnostics& out)
        : shelf_(shelf), known_(known), diagnostics_(out)
    {
    }

    void add(ProfileText const& text);
    std::vector<ParsedFile> take() { return std::move(chain_); }

private:
    void extend(ParsedFile const& from, std::string const& name, Span where);
    ProfileText const* find(std::string const& name) const;
    bool is_done(ProfileText const& text) const;
    Diagnostic& error(ParsedFile const& from, Span where, std::string code, std::string message);

    ProfileShelf const& shelf_;
    std::vector<std::string> const& known_;
    Diagnostics& diagnostics_;
    std::vector<ParsedFile> chain_;
    std::vector<ProfileText const*> open_; // from the requested file down to here
};

ProfileText const* ChainBuilder::find(std::string const& name) const
{
    for (auto const& text : shelf_)
        if (text.name == name)
            return &text;
    return nullptr;
}

bool ChainBuilder::is_done(ProfileText const& text) const
{
    return std::ranges::any_of(chain_, [&](auto const& file) {
        return file.text->name == text.name && file.text->shown == text.shown;
    });
}

Diagnostic& ChainBuilder::error(
    ParsedFile const& from, Span where, std::string code, std::string message)
{
    Diagnostic d;
    d.code = std::move(code);
    d.message = std::move(message);
    d.span = where;
    d.source = from.document.source;
    diagnostics_.push_back(std::move(d));
    return diagnostics_.back();
}

void ChainBuilder::extend(ParsedFile const& from, std::string const& name, Span where)
{
    ProfileText const* const base = find(name);
    if (base == nullptr) {
        std::vector<std::string_view> known(known_.begin(), known_.end());
        for (auto const& text : shelf_)
            known.push_back(text.name);
        auto const nearest = nearest_word(name, known);
        auto& d =
            error(from, where, "profile-missing", fmt::format("no profile {}", in_quotes(name)));
        d.label = nearest.empty() ? "" : fmt::format("did you mean \"{}\"?", nearest);
        d.help = "`osh profile list` shows all";
        return;
    }
    bool const is_cycle =
        std::ranges::any_of(open_, [&](auto const* open) { return open->name == name; });
    if (is_cycle || open_.size() > kMaxExtendsDepth) {
        std::string path;
        for (auto const* open : open_)
            path += shown(open->name) + " -> ";
        error(from, where, is_cycle ? "extends-cycle" : "extends-depth",
            is_cycle ? "profiles extend each other in a circle"
                     : fmt::format("profiles extend each other deeper than {}", kMaxExtendsDepth))
            .help = path + shown(name);
        return;
    }
    add(*base);
}

void ChainBuilder::add(ProfileText const& text)
{
    if (is_done(text))
        return;
    ParsedFile file;
    file.text = &text;
    file.document = read_toml(text.shown, text.text);
    file.extends = extends_of(file.document.root);
    open_.push_back(&text);
    for (auto const& [name, where] : file.extends)
        if (chain_.size() < kMaxChain)
            extend(file, name, where);
    open_.pop_back();
    for (auto& d : file.document.diagnostics)
        diagnostics_.push_back(d);
    chain_.push_back(std::move(file));
}

// An agent preset widens only what belongs to its agent (design: profiles, layer 3).
void check_keys(Node const& table, std::span<std::string_view const> allowed,
    std::string const& prefix, ProfileFindings& findings)
{
    for (auto const& entry : table.entries)
        if (std::ranges::find(allowed, entry.key) == allowed.end())
            findings.error("agent-preset", entry.key_span,
                fmt::format("an agent preset may not set {}{}", prefix, shown(entry.key)));
}

void check_agent_preset(Node const& root, ProfileFindings& findings)
{
    check_keys(root, kAgentMay, "", findings);
    for (auto const& entry : root.entries) {
        if (entry.key == "policy")
            check_keys(entry.value, kAgentPolicyMay, "policy.", findings);
        if (entry.key == "filesystem")
            check_keys(entry.value, kAgentFilesystemMay, "filesystem.", findings);
        if (entry.key == "env")
            check_keys(entry.value, kAgentEnvMay, "env.", findings);
    }
}

void check_version(ProfileReader& in)
{
    Node const* const version = in.take("version");
    if (version == nullptr) {
        in.findings().error("version-missing", {0, 0}, "version is missing").help =
            "write version = 1 in the first line";
    } else if (version->kind != NodeKind::Integer || version->integer != 1) {
        auto& d = in.findings().error("version", version->span, "version must be 1");
        d.help = fmt::format("osh {} reads profiles of version 1", OSH_VERSION);
    }
}

// A copy of a packaged profile that a user once made would shadow every later improvement.
void check_shadowing(ProfileReader& in, ProfileText const& text, ProfileShelf const& shelf)
{
    bool replaces = false;
    in.flag("replaces_packaged", replaces);
    bool const has_packaged = std::ranges::any_of(shelf, [&](auto const& other) {
        return other.name == text.name && other.origin != ProfileOrigin::User;
    });
    if (text.origin != ProfileOrigin::User || replaces || !has_packaged)
        return;
    auto& d = in.findings().error("shadows-packaged", {0, 0},
        fmt::format("this file hides the profile {} that comes with osh", in_quotes(text.name)));
    d.help = "give it another name and extend the packaged one, or write replaces_packaged = true";
}

bool apply_file(ParsedFile const& file, ProfileShelf const& shelf, Diagnostics& out, Profile& into)
{
    ProfileFindings findings(file.document.source);
    ProfileReader in(file.document.root, "a profile", "", findings);
    bool is_abstract = false;
    std::vector<std::string> extends;
    into.name = file.text->name;
    into.description.clear();
    check_version(in);
    check_shadowing(in, *file.text, shelf);
    in.text("name", into.name);
    in.text("description", into.description);
    in.flag("abstract", is_abstract);
    in.strings("extends", extends, ListRule::Replace);
    if (file.text->origin == ProfileOrigin::Agent)
        check_agent_preset(file.document.root, findings);
    else
        into.debug = Profile().debug; // each profile says for itself that it wants no debuggers
    apply_sections(in, *file.text, into);
    apply_credentials(in, *file.text, into);
    in.finish();
    into.chain.push_back(into.name);
    auto found = findings.take();
    out.insert(out.end(), found.begin(), found.end());
    return is_abstract;
}

} // namespace

CompiledProfile compile_profile(std::vector<ProfileText> const& requested,
    ProfileShelf const& shelf, std::vector<std::string> const& known_names)
{
    CompiledProfile compiled;
    ChainBuilder builder(shelf, known_names, compiled.diagnostics);
    for (auto const& text : requested)
        builder.add(text);
    auto const chain = builder.take();
    Profile profile = default_profile();
    bool is_abstract = false;
    std::string posture, description; // of the last requested file that is not an agent preset
    for (auto const& file : chain) {
        if (has_errors(file.document.diagnostics))
            continue;
        is_abstract = apply_file(file, shelf, compiled.diagnostics, profile);
        bool const is_requested =
            std::ranges::any_of(requested, [&](auto const& text) { return &text == file.text; });
        if (is_requested && file.text->origin != ProfileOrigin::Agent) {
            posture = profile.name;
            description = profile.description;
        }
    }
    // "daily" with the preset "claude" is still daily: its approvals are kept under that name.
    if (!posture.empty()) {
        profile.name = posture;
        profile.description = description;
    }
    if (is_abstract) {
        Diagnostic d;
        d.code = "abstract";
        d.message = fmt::format("profile {} may only be extended", in_quotes(profile.name));
        d.help = "it says abstract = true";
        compiled.diagnostics.push_back(std::move(d));
    }
    if (!has_errors(compiled.diagnostics) && !chain.empty())
        compiled.profile = std::move(profile);
    return compiled;
}

std::vector<std::string> names_extended_by(ProfileText const& text)
{
    std::vector<std::string> names;
    auto const document = read_toml(text.shown, text.text);
    for (auto& [name, where] : extends_of(document.root))
        names.push_back(std::move(name));
    return names;
}

} // namespace osh::policy
