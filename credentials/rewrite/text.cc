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

// A placeholder that stands in the text, and what is to stand there instead.
struct Filling {
    LentCredential const* credential = nullptr;
    std::string value;
    std::size_t next = 0; // place of the next one; npos: none
};

// One pass, so that no value is looked through for another's placeholder; nothing beyond `most`
// bytes.
std::optional<std::string> filled(
    std::string_view text, std::vector<Filling>& fillings, std::size_t most)
{
    std::string out;
    for (std::size_t at = 0;;) {
        Filling const* first = nullptr;
        for (auto& filling : fillings) {
            if (filling.next < at)
                filling.next = text.find(filling.credential->placeholder, at);
            if (filling.next != text.npos && (first == nullptr || filling.next < first->next))
                first = &filling;
        }
        auto const part = text.substr(at, first == nullptr ? text.npos : first->next - at);
        if (out.size() + part.size() + (first == nullptr ? 0 : first->value.size()) > most)
            return std::nullopt;
        out += part;
        if (first == nullptr)
            return out;
        out += first->value;
        at = first->next + first->credential->placeholder.size();
    }
}

} // namespace

TextVerdict Gate::judge_text(RewriteQuestion const& question, TextToFill const& asked) const
{
    auto const text = asked.text;
    std::vector<Filling> fillings;
    for (auto const& credential : lent_) {
        auto const value = credential.value.reveal();
        if (value.size() >= kShortestContained && text.find(value) != std::string_view::npos)
            return refuse("credential_leak", credential,
                fmt::format("the real value of credential \"{}\" was sent from inside",
                    shown(credential.name)));
        auto const& placeholder = credential.placeholder;
        auto const first = placeholder.empty() ? text.npos : text.find(placeholder);
        if (first == text.npos)
            continue;
        if (auto refused = refusal(credential, question))
            return *std::move(refused);
        fillings.push_back({&credential, written(value, asked.form), first});
    }
    TextVerdict verdict;
    verdict.is_allowed = true;
    if (fillings.empty())
        return verdict;
    verdict.text = filled(text, fillings, asked.most);
    if (!verdict.text)
        return refuse("credential_unavailable", *fillings.front().credential,
            "the text would be too long with its values in it");
    verdict.credential = fillings.back().credential->name;
    return verdict;
}

ScrubForms Gate::forms_bound_to(RewriteQuestion const& question) const
{
    ScrubForms all;
    for (std::size_t i = 0; i < lent_.size(); ++i) {
        // On whichever port: what one of them was told, another may repeat.
        bool const is_known_there =
            std::ranges::any_of(lent_[i].attach, [&](AttachRule const& rule) {
                return rule.kind != AttachKind::Mtls
                       && equals_ignoring_case(rule.host, question.host);
            });
        if (is_known_there)
            forms_[i].append_to(all);
    }
    return all;
}

} // namespace osh::credentials
