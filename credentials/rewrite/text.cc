// Gate::judge_text: placeholders in a text that the policy wants rewritten, a WebSocket message or
// a body. The rules are those of a slot, but that any place in the text will do: bound to this
// host, port and path, for this program, over TLS.

#include "policy/base/text.h"
#include "credentials/rewrite/binding.h"
#include "credentials/rewrite/encoding.h"
#include "credentials/rewrite/scrub.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::credentials
{
namespace
{

TextVerdict refuse(std::string code, LentCredential const& credential, std::string hint)
{
    TextVerdict verdict;
    verdict.code = std::move(code);
    verdict.credential = credential.name;
    verdict.hint = std::move(hint);
    return verdict;
}

// Why its value may not stand there; nothing where it may.
std::optional<TextVerdict> refusal(
    LentCredential const& credential, RewriteQuestion const& question)
{
    auto const name = shown(credential.name);
    bool const is_bound = std::ranges::any_of(
        credential.attach, [&](AttachRule const& rule) { return is_at(rule, question); });
    bool const is_here = std::ranges::any_of(credential.attach,
        [&](AttachRule const& rule) { return is_at(rule, question) && is_inside(rule, question); });
    if (!is_bound)
        return refuse("credential_leak", credential,
            fmt::format("the placeholder of credential \"{}\" does not belong there; nothing was "
                        "sent to {}",
                name, shown(question.host)));
    if (!may_use(credential, question.binary))
        return refuse("credential_program", credential,
            fmt::format("credential \"{}\" is not for this program", name));
    if (!is_here)
        return refuse("credential_scope", credential,
            fmt::format("credential \"{}\" is not for this method or path", name));
    if (!question.is_encrypted && !credential.allows_plaintext)
        return refuse("credential_scope", credential,
            fmt::format("credential \"{}\" is sent over https only", name));
    if (credential.value.reveal().empty())
        return refuse("credential_unavailable", credential,
            fmt::format("credential \"{}\" is not available: {}", name,
                shown(credential.unavailable_reason)));
    return std::nullopt;
}

std::string written(std::string_view value, TextForm form)
{
    switch (form) {
    case TextForm::Json: return json_escaped(value);
    case TextForm::Form: return percent(value, Case::Upper);
    case TextForm::Plain: break;
    }
    return std::string(value);
}

void replace_all(std::string& text, std::string_view needle, std::string_view with)
{
    for (auto at = text.find(needle); at != std::string::npos;
         at = text.find(needle, at + with.size()))
        text.replace(at, needle.size(), with);
}

} // namespace

TextVerdict Gate::judge_text(
    RewriteQuestion const& question, std::string_view text, TextForm form) const
{
    TextVerdict verdict;
    verdict.is_allowed = true;
    for (auto const& credential : lent_) {
        auto const value = credential.value.reveal();
        if (value.size() >= kShortestContained && text.find(value) != std::string_view::npos)
            return refuse("credential_leak", credential,
                fmt::format("the real value of credential \"{}\" was sent from inside",
                    shown(credential.name)));
        auto const& placeholder = credential.placeholder;
        if (placeholder.empty() || text.find(placeholder) == std::string_view::npos)
            continue;
        if (auto refused = refusal(credential, question))
            return *std::move(refused);
        if (!verdict.text)
            verdict.text.emplace(text);
        replace_all(*verdict.text, placeholder, written(value, form));
        verdict.credential = credential.name;
    }
    return verdict;
}

ScrubForms Gate::forms_bound_to(RewriteQuestion const& question) const
{
    ScrubForms all;
    for (auto const& credential : lent_) {
        bool const is_bound = std::ranges::any_of(
            credential.attach, [&](AttachRule const& rule) { return is_at(rule, question); });
        if (!is_bound || !credential.scrubs)
            continue;
        auto forms = scrub_forms(credential.value.reveal(), credential.placeholder);
        std::ranges::move(forms.find, std::back_inserter(all.find));
        std::ranges::move(forms.replace, std::back_inserter(all.replace));
    }
    return all;
}

} // namespace osh::credentials
