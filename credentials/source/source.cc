#include "credentials/source/source.h"

#include "credentials/source/structured.h"
#include "launcher/sys/captured_command.h"
#include "launcher/sys/io.h"
#include "policy/base/text.h"

#include <algorithm>
#include <fcntl.h>
#include <filesystem>
#include <fmt/core.h>
#include <sys/stat.h>

namespace osh::credentials
{
namespace
{

using policy::CredentialSource;

// What helpers such as gh, op and pass need to find their settings and the keyring.
constexpr std::string_view kCommandVariables[] = {"HOME", "USER", "LOGNAME", "LANG", "LC_ALL",
    "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME",
    "DBUS_SESSION_BUS_ADDRESS", "GNUPGHOME", "PASSWORD_STORE_DIR", "GH_CONFIG_DIR", "TZ"};

std::string variable(SourceContext const& context, std::string const& name)
{
    auto const found = context.environment.find(name);
    return found == context.environment.end() ? "" : found->second;
}

// "~/x" and "$NAME/x" at the start; "" when the variable is not set.
std::string expanded(std::string const& path, SourceContext const& context)
{
    if (path.starts_with("~/"))
        return context.home.empty() ? "" : context.home + path.substr(1);
    if (!path.starts_with("$"))
        return path;
    std::size_t const slash = std::min(path.find('/'), path.size());
    std::string const value = variable(context, path.substr(1, slash - 1));
    return value.starts_with("/") ? value + path.substr(slash) : "";
}

bool is_below(std::string const& path, std::string const& folder)
{
    return !folder.empty() && (path == folder || path.starts_with(folder + "/"));
}

// A value that becomes part of a request has one line; a certificate and its key have many.
enum class Lines : bool { One, Many };

Result<Found> checked(std::string value, CredentialSource const& source, Lines lines)
{
    if (value.empty())
        return fail(Errc::NotFound, "the value is empty");
    if (value.size() > kMaxSecretBytes)
        return fail(Errc::TooLarge, fmt::format("longer than {} bytes", kMaxSecretBytes));
    auto const bad = std::string_view("\0\r\n", lines == Lines::One ? 3 : 1);
    if (value.find_first_of(bad) != std::string::npos)
        return fail(Errc::Invalid, "the value has more than one line");
    Found found;
    found.value = Secret::from(value);
    found.source = source.text;
    wipe(value);
    return found;
}

Result<Found> from_environment(
    CredentialSource const& source, SourceContext const& context, Lines lines)
{
    std::string value = variable(context, source.name);
    if (value.empty())
        return fail(Errc::NotFound, fmt::format("the variable {} is not set", shown(source.name)));
    return checked(std::move(value), source, lines);
}

// Resolved first, so that a link in the home does not lead into the project.
Result<std::string> allowed_file(CredentialSource const& source, SourceContext const& context)
{
    std::string const path = expanded(source.name, context);
    std::error_code error;
    auto const real = std::filesystem::canonical(path, error);
    if (path.empty() || error)
        return fail(Errc::NotFound, fmt::format("no file {}", in_quotes(source.name)));
    if (is_below(real.string(), context.project_root))
        return fail(Errc::Denied,
            fmt::format("{} lies in the project, where the agent writes", in_quotes(source.name)));
    return real.string();
}

Result<Found> from_file(CredentialSource const& source, SourceContext const& context, Lines lines)
{
    LET(path, allowed_file(source, context));
    struct stat status {
    };
    bool const is_open =
        ::stat(path.c_str(), &status) == 0 && (status.st_mode & (S_IRGRP | S_IROTH)) != 0;
    LET(text, sys::read_file(path, kMaxSourceBytes));
    std::string value;
    if (source.pointer.empty()) {
        value = std::string(
            trimmed(std::string_view(text).substr(0, text.find_last_not_of("\r\n") + 1)));
    } else {
        auto found = value_at(text, source.pointer);
        wipe(text);
        if (!found.ok())
            return fail_because(in_quotes(source.name), std::move(found).error());
        value = *std::move(found);
    }
    wipe(text);
    LET(found, checked(std::move(value), source, lines));
    if (is_open)
        found.warnings.push_back(fmt::format("{} can be read by others (mode {:04o}): chmod 600",
            shown(source.name), status.st_mode & 07777U));
    return found;
}

Result<Found> from_command(
    CredentialSource const& source, SourceContext const& context, Lines lines)
{
    sys::CapturedCommand command;
    command.arguments = source.command;
    command.environment = clean_environment(context);
    command.search_path = safe_search_path(context);
    command.timeout = std::min(source.timeout.value_or(kSourceTimeout), kLongestSourceTimeout);
    command.output_limit = kMaxSourceBytes;
    LET(output, sys::run_captured(command));
    std::string value;
    if (!source.pointer.empty()) {
        auto found = value_at(output, source.pointer);
        wipe(output);
        if (!found.ok())
            return fail_because("its output", std::move(found).error());
        value = *std::move(found);
    } else if (source.first_line_only) {
        value = output.substr(0, output.find('\n'));
    } else {
        value = value_of_output(output);
    }
    wipe(output);
    return checked(std::move(value), source, lines);
}

Result<Found> find_in(CredentialSource const& source, SourceContext const& context, Lines lines)
{
    switch (source.kind) {
    case CredentialSource::Kind::Environment: return from_environment(source, context, lines);
    case CredentialSource::Kind::File: return from_file(source, context, lines);
    case CredentialSource::Kind::Command: return from_command(source, context, lines);
    case CredentialSource::Kind::Unsupported: break;
    }
    return fail(Errc::Unsupported, fmt::format("secrets from {} are not available in osh {}",
                                       in_quotes(source.text), OSH_VERSION));
}

} // namespace

Result<Found> find_secret(CredentialSource const& source, SourceContext const& context)
{
    return find_in(source, context, Lines::One);
}

Result<Found> find_secret(policy::Credential const& credential, SourceContext const& context)
{
    std::string reasons;
    bool const is_certificate = std::ranges::any_of(credential.attach,
        [](auto const& attach) { return attach.kind == policy::CredentialAttach::Kind::Mtls; });
    for (auto const& source : credential.sources) {
        auto found = find_in(source, context, is_certificate ? Lines::Many : Lines::One);
        if (found.ok())
            return found;
        reasons += (reasons.empty() ? "" : "; ") + found.error().sentence;
    }
    return fail(Errc::NotFound, reasons.empty() ? "it has no source" : reasons);
}

bool is_present(policy::Credential const& credential, SourceContext const& context)
{
    return std::ranges::any_of(credential.sources, [&](CredentialSource const& source) {
        switch (source.kind) {
        case CredentialSource::Kind::Environment: return !variable(context, source.name).empty();
        case CredentialSource::Kind::File: return allowed_file(source, context).ok();
        case CredentialSource::Kind::Command:
            return !source.command.empty()
                   && sys::find_program(source.command[0], safe_search_path(context)).ok();
        case CredentialSource::Kind::Unsupported: return false;
        }
        return false;
    });
}

std::vector<policy::Credential const*> in_force(
    policy::Profile const& profile, SourceContext const& context)
{
    std::vector<policy::Credential const*> chosen;
    std::vector<std::string> groups;
    for (auto const& credential : profile.credentials) {
        bool const is_taken = !credential.group.empty()
                              && std::ranges::find(groups, credential.group) != groups.end();
        if (is_taken || (!credential.when.empty() && !is_present(credential, context)))
            continue;
        chosen.push_back(&credential);
        groups.push_back(credential.group);
    }
    return chosen;
}

std::vector<std::string> safe_search_path(SourceContext const& context)
{
    std::string path = variable(context, "PATH");
    if (path.empty())
        path = "/usr/local/bin:/usr/bin:/bin";
    std::vector<std::string> folders;
    for (auto const folder : split(path, ':')) {
        std::string const text(folder);
        if (text.starts_with("/") && !is_below(text, context.project_root))
            folders.push_back(text);
    }
    return folders;
}

std::vector<std::string> clean_environment(SourceContext const& context)
{
    std::string path;
    for (auto const& folder : safe_search_path(context))
        path += (path.empty() ? "" : ":") + folder;
    std::vector<std::string> out{"PATH=" + path};
    for (auto const name : kCommandVariables)
        if (auto const value = variable(context, std::string(name)); !value.empty())
            out.push_back(fmt::format("{}={}", name, value));
    return out;
}

} // namespace osh::credentials
