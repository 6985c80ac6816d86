// `osh secret list|check|test`: which credentials a profile binds, whether their sources answer,
// and whether one would be attached. Never prints a value.

#include "credentials/rewrite/rewrite.h"
#include "credentials/rewrite/scrub.h"
#include "credentials/source/lend.h"
#include "credentials/source/source.h"
#include "launcher/cli/options.h"
#include "launcher/cli/process_environment.h"
#include "launcher/cli/profile_command.h"
#include "policy/base/text.h"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

using credentials::SourceContext;
using policy::Credential;
using policy::Profile;

OptionTable const& table()
{
    static OptionTable const rows{"secret", "list | check [NAME] | test NAME URL",
        "The credentials of a profile. Values are never shown.",
        {{"-p,--profile", "NAME|FILE", "repeatable: later extends earlier; default strict"},
            {"--method", "METHOD", "of the request to test; default GET"},
            {"--program", "PATH", "that would send it; default: the first the credential names"}}};
    return rows;
}

std::string hosts_of(Credential const& credential)
{
    std::string out;
    for (auto const& attach : credential.attach)
        out += fmt::format("{}{} ({})", out.empty() ? "" : ", ", attach.host, attach.kind_text);
    return out;
}

int list(Profile const& profile)
{
    for (auto const& credential : profile.credentials) {
        std::string sources;
        for (auto const& source : credential.sources)
            sources += (sources.empty() ? "" : ", ") + shown(source.text);
        fmt::print("{:<20} from {}\n{:<20} for {}\n", shown(credential.name), sources, "",
            hosts_of(credential));
    }
    return 0;
}

bool check_one(Credential const& credential, SourceContext const& context)
{
    auto const found = credentials::find_secret(credential, context);
    if (!found.ok()) {
        bool const is_fine = credential.optional || !credential.when.empty();
        fmt::print("{:<20} {}: {}\n", shown(credential.name), is_fine ? "absent" : "unavailable",
            found.error().sentence);
        return is_fine;
    }
    fmt::print("{:<20} available from {}\n", shown(credential.name), shown(found->source));
    for (auto const& warning : found->warnings)
        fmt::print("{:<20} warning: {}\n", "", warning);
    if (credential.scrub_responses && found->value.reveal().size() < credentials::kShortestScrubbed)
        fmt::print("{:<20} warning: shorter than {} bytes, not looked for in responses\n", "",
            credentials::kShortestScrubbed);
    return true;
}

int check(Profile const& profile, std::string const& name)
{
    auto const context = context_of_process();
    bool is_fine = true, is_known = name.empty();
    for (auto const& credential : profile.credentials)
        if (name.empty() || credential.name == name) {
            is_known = true;
            is_fine = check_one(credential, context) && is_fine;
        }
    if (!is_known)
        fmt::print(stderr, "osh: profile {} has no credential {}\n", in_quotes(profile.name),
            in_quotes(name));
    return is_fine && is_known ? 0 : 1;
}

struct Target {
    std::string host, path = "/", query;
    std::uint16_t port = 443;
    bool is_encrypted = true;
};

std::optional<Target> parse_url(std::string_view url)
{
    Target target;
    if (url.starts_with("http://")) {
        target.is_encrypted = false;
        target.port = 80;
    } else if (!url.starts_with("https://")) {
        return std::nullopt;
    }
    url.remove_prefix(url.find("//") + 2);
    std::string_view const authority = url.substr(0, url.find_first_of("/?#"));
    std::string_view rest = url.substr(authority.size());
    rest = rest.substr(0, rest.find('#'));
    std::size_t const colon = authority.find(':');
    target.host = to_lower_ascii(authority.substr(0, colon));
    if (colon != authority.npos)
        target.port =
            static_cast<std::uint16_t>(std::strtoul(authority.data() + colon + 1, nullptr, 10));
    std::size_t const mark = rest.find('?');
    if (std::string_view const path = rest.substr(0, mark); !path.empty())
        target.path = path;
    if (mark != rest.npos)
        target.query = rest.substr(mark + 1);
    return target.host.empty() || target.port == 0 ? std::nullopt : std::optional(target);
}

int tell(credentials::RewriteVerdict const& verdict, credentials::RewriteQuestion const& question,
    Credential const& credential)
{
    bool const is_attached = !verdict.credential.empty()
                             && verdict.outcome == credentials::RewriteVerdict::Outcome::Forward;
    if (is_attached)
        fmt::print("attached to {} {}{} for {}\n", shown(question.method), question.host,
            shown(question.canonical_path), shown(question.binary));
    else if (verdict.code.empty())
        fmt::print("not attached: {} port {} is not what {} is bound to ({})\n", question.host,
            question.port, shown(credential.name), hosts_of(credential));
    else
        fmt::print("refused ({}): {}\n", verdict.code, verdict.hint);
    return is_attached ? 0 : 1;
}

// The gate's own answer for a bare request, with a value that is none.
int test(Profile const& profile, ParsedOptions const& options)
{
    std::string const& name = options.positionals[1];
    auto const target = parse_url(options.positionals[2]);
    auto const found = std::ranges::find(profile.credentials, name, &Credential::name);
    if (found == profile.credentials.end() || !target) {
        fmt::print(stderr, "osh: {}\n",
            target
                ? fmt::format(
                    "profile {} has no credential {}", in_quotes(profile.name), in_quotes(name))
                : fmt::format("{} is not an http or https URL", in_quotes(options.positionals[2])));
        return 2;
    }
    credentials::Gate gate;
    auto lent = credentials::to_lend(*found, "osh-test-placeholder");
    lent.value = credentials::Secret::from("value-that-is-none");
    lent.mode = credentials::LentCredential::Mode::Fill;
    gate.lend(std::move(lent));
    std::string const method = options.last("method", "GET");
    std::string const program =
        options.last("program", found->programs.empty() ? "/usr/bin/any" : found->programs.front());
    credentials::RewriteQuestion question;
    question.host = target->host;
    question.port = target->port;
    question.method = method;
    question.canonical_path = target->path;
    question.query = target->query;
    question.binary = program;
    question.is_encrypted = target->is_encrypted;
    auto const verdict = gate.judge(question);
    return tell(verdict, question, *found);
}
} // namespace

int secret_command(Arguments arguments)
{
    auto const options = parse_options(table(), arguments);
    if (!options.ok()) {
        fmt::print(stderr, "{}\n", options.error().sentence);
        return 2;
    }
    std::size_t const words = options->positionals.size();
    std::string const verb = words == 0 ? "" : options->positionals[0];
    bool const is_right = (verb == "list" && words == 1) || (verb == "check" && words <= 2)
                          || (verb == "test" && words == 3);
    if (options->wants_help || !is_right) {
        fmt::print(options->wants_help ? stdout : stderr, "{}", help_text(table()));
        return options->wants_help ? 0 : 2;
    }
    auto const places = launcher::find_store_places();
    if (!places.ok()) {
        fmt::print(stderr, "osh: {}\n", places.error().sentence);
        return 1;
    }
    auto const profile = loaded_or_reported(*places, options->all("profile"));
    if (!profile)
        return 1;
    if (verb == "list")
        return list(*profile);
    return verb == "check" ? check(*profile, words == 2 ? options->positionals[1] : "")
                           : test(*profile, *options);
}

} // namespace osh::cli
