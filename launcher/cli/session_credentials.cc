#include "launcher/cli/session_credentials.h"

#include "credentials/rewrite/placeholder.h"
#include "credentials/source/source.h"
#include "launcher/sys/folder.h"
#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::cli
{
namespace
{

using launcher::LentSecret;
using policy::AttachMode;
using policy::Credential;

policy::Lend lend_words(Credential const& credential)
{
    policy::Lend lend;
    lend.credential = credential.name;
    lend.programs = credential.programs;
    lend.mode = credential.mode == AttachMode::Force         ? "force"
                : credential.mode == AttachMode::ReplaceOnly ? "replace-only"
                                                             : "fill";
    lend.optional = credential.optional;
    lend.plaintext = credential.plaintext;
    lend.scrub = credential.scrub_responses;
    for (auto const& attach : credential.attach) {
        policy::LendAttach out;
        out.kind = attach.kind_text;
        out.host = attach.host;
        out.port = attach.port;
        out.path = attach.path;
        out.methods = attach.methods;
        out.header = attach.header;
        out.value_template = attach.value_template;
        out.user = attach.user;
        out.param = attach.param;
        lend.attach.push_back(std::move(out));
    }
    return lend;
}

void set_variable(
    std::vector<std::string>& variables, std::string const& name, std::string const& value)
{
    std::string const head = name + "=";
    std::erase_if(variables, [&](auto const& variable) { return variable.starts_with(head); });
    variables.push_back(head + value);
    std::sort(variables.begin(), variables.end());
}

// The value check of the security design (H13): whatever its name, no variable inside may hold a
// known secret.
void remove_variables_with(std::vector<std::string>& variables, std::string_view secret)
{
    constexpr std::size_t kShortest = 8; // shorter values occur by chance
    if (secret.size() >= kShortest)
        std::erase_if(
            variables, [&](auto const& v) { return v.find(secret) != std::string::npos; });
}

Result<std::string> placeholder_for(Credential const& credential)
{
    std::string const shape = credential.env.empty() ? "plain" : credential.env.front().shape;
    std::string const random = sys::random_hex(credentials::kPlaceholderRandom);
    return credentials::make_placeholder(shape, bytes_of(random));
}

} // namespace

Result<> add_credentials(
    launcher::SessionRequest& request, launcher::Environment const& environment, For use)
{
    auto const home = environment.find("HOME");
    credentials::SourceContext const context{
        environment, home == environment.end() ? "" : home->second, request.plan.project};
    for (Credential const* credential : credentials::in_force(request.profile, context)) {
        LET(placeholder, placeholder_for(*credential));
        if (use == For::Run) {
            LentSecret lent{lend_words(*credential), {}};
            lent.words.placeholder = placeholder;
            auto found = credentials::find_secret(*credential, context);
            if (!found.ok() && credential->optional)
                continue;
            if (found.ok()) {
                for (auto const& warning : found->warnings)
                    fmt::print(stderr, "osh: credential {}: {}\n", in_quotes(credential->name),
                        shown(warning, 300));
                remove_variables_with(request.plan.environment, found->value.reveal());
                lent.value = std::move(found->value);
            } else {
                lent.words.unavailable_reason = found.error().sentence;
                fmt::print(stderr, "osh: credential {}: {}. Requests that need it are refused.\n",
                    in_quotes(credential->name), shown(found.error().sentence, 300));
            }
            request.secrets.push_back(std::move(lent));
        }
        for (auto const& variable : credential->env)
            set_variable(request.plan.environment, variable.name, placeholder);
    }
    return {};
}

} // namespace osh::cli
