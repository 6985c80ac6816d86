// Gate::judge, in the order of the design (credentials, "Decision at attach time"). What the policy
// allows has been decided before; consent was asked for before a value was lent.

#include "credentials/rewrite/binding.h"
#include "credentials/rewrite/encoding.h"
#include "credentials/rewrite/rewrite.h"
#include "credentials/rewrite/scrub.h"
#include "credentials/rewrite/slot.h"
#include "policy/base/text.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::credentials
{
namespace
{

using Mode = LentCredential::Mode;

struct Candidate {
    LentCredential const* credential = nullptr;
    AttachRule const* rule = nullptr;
    bool has_placeholder = false; // the agent put ours into this slot
};

RewriteVerdict refuse(std::string code, LentCredential const& credential, std::string hint)
{
    RewriteVerdict verdict;
    verdict.code = std::move(code);
    verdict.credential = credential.name;
    verdict.hint = std::move(hint);
    return verdict;
}

RewriteVerdict refuse_leak(LentCredential const& credential, std::string_view host)
{
    return refuse("credential_leak", credential,
        fmt::format(
            "the placeholder of credential \"{}\" does not belong there; nothing was sent to {}",
            shown(credential.name), shown(host)));
}

// A header line may not be split by a value (RFC 9110 section 5.5).
bool is_sendable(std::string_view value)
{
    return value.find_first_of(std::string_view("\r\n\0", 3)) == value.npos;
}

class Judgement
{
public:
    Judgement(std::vector<LentCredential> const& lent, RewriteQuestion const& question)
        : lent_(lent), question_(question), draft_{question.fields, std::string(question.query),
                                                std::string(question.canonical_path)}
    {
        verdict_.outcome = RewriteVerdict::Outcome::Forward;
    }

    RewriteVerdict run();

private:
    bool find_leak();
    bool find_real_value();
    std::vector<Candidate> candidates() const;
    bool decide(Slot const& slot, std::vector<Candidate> const& all);
    bool attach_value(Candidate const& candidate, Slot const& slot);
    bool refuse_with(RewriteVerdict verdict)
    {
        verdict_ = std::move(verdict);
        return true;
    }

    std::vector<LentCredential> const& lent_;
    RewriteQuestion const& question_;
    Draft draft_;
    RewriteVerdict verdict_;
};

// Every place that holds a placeholder must be a slot that its credential is bound to here.
bool Judgement::find_leak()
{
    for (auto const& credential : lent_)
        for (auto const& slot : slots_with(draft_, credential.placeholder)) {
            bool const belongs =
                std::ranges::any_of(credential.attach, [&](AttachRule const& rule) {
                    return is_at(rule, question_) && slot_of(rule) == slot;
                });
            if (!belongs)
                return refuse_with(refuse_leak(credential, question_.host));
        }
    return false;
}

// The agent found a value somewhere and sends it itself.
bool Judgement::find_real_value()
{
    for (auto const& credential : lent_) {
        if (credential.value.reveal().size() < kShortestContained)
            continue;
        if (!slots_with(draft_, credential.value.reveal()).empty())
            return refuse_with(refuse("credential_leak", credential,
                fmt::format("the real value of credential \"{}\" was sent from inside",
                    shown(credential.name))));
    }
    return false;
}

std::vector<Candidate> Judgement::candidates() const
{
    std::vector<Candidate> all;
    for (auto const& credential : lent_) {
        std::vector<Candidate> own;
        for (auto const& rule : credential.attach)
            if (is_at(rule, question_))
                own.push_back({&credential, &rule,
                    slot_holds(draft_, slot_of(rule), credential.placeholder)});
        bool const is_named = std::ranges::any_of(own, &Candidate::has_placeholder);
        // The agent chose the slot: the other slots of this credential stay as they are.
        for (auto const& candidate : own)
            if (candidate.has_placeholder || !is_named)
                all.push_back(candidate);
    }
    return all;
}

bool Judgement::attach_value(Candidate const& candidate, Slot const& slot)
{
    LentCredential const& credential = *candidate.credential;
    std::string_view const value = credential.value.reveal();
    bool const is_usable = !value.empty() && is_sendable(value);
    if (!is_usable && credential.is_optional) {
        if (candidate.has_placeholder)
            clear_slot(draft_, slot);
        return false;
    }
    if (!is_usable) {
        std::string const reason =
            value.empty() ? shown(credential.unavailable_reason) : "its value holds a line break";
        return refuse_with(refuse("credential_unavailable", credential,
            fmt::format("credential \"{}\" is not available: {}", shown(credential.name), reason)));
    }
    attach(draft_, *candidate.rule, credential.placeholder, value);
    verdict_.credential = credential.name;
    return false;
}

// The candidate that will do for this slot, or the reason why none will. True: refused.
bool Judgement::decide(Slot const& slot, std::vector<Candidate> const& all)
{
    RewriteVerdict refusal;
    bool is_refused = false;
    for (auto const& candidate : all) {
        LentCredential const& credential = *candidate.credential;
        bool const is_plain = !question_.is_encrypted && !credential.allows_plaintext;
        bool const is_program = may_use(credential, question_.binary);
        if (is_program && is_inside(*candidate.rule, question_) && !is_plain)
            return attach_value(candidate, slot);
        // Optional credentials, and the web pages of a git host, go out bare.
        bool const may_go_bare =
            !candidate.has_placeholder
            && (credential.is_optional || candidate.rule->kind == AttachKind::Git);
        if (may_go_bare || is_refused)
            continue;
        is_refused = true;
        std::string const name = shown(credential.name);
        if (!is_program)
            refusal = refuse("credential_program", credential,
                fmt::format("credential \"{}\" is not for this program", name));
        else if (is_plain)
            refusal = refuse("credential_scope", credential,
                fmt::format("credential \"{}\" is sent over https only", name));
        else
            refusal = refuse("credential_scope", credential,
                fmt::format("credential \"{}\" is not for this method or path", name));
    }
    return is_refused && refuse_with(std::move(refusal));
}

RewriteVerdict Judgement::run()
{
    if (find_leak() || find_real_value())
        return std::move(verdict_);
    std::vector<Slot> done;
    auto const all = candidates();
    for (auto const& first : all) {
        Slot const slot = slot_of(*first.rule);
        if (std::ranges::find(done, slot) != done.end())
            continue;
        done.push_back(slot);
        bool const has_placeholder = std::ranges::any_of(all, [&](auto const& candidate) {
            return candidate.has_placeholder && slot_of(*candidate.rule) == slot;
        });
        bool const is_free = is_empty(draft_, slot);
        std::vector<Candidate> here;
        for (auto const& candidate : all) {
            if (!(slot_of(*candidate.rule) == slot))
                continue;
            Mode const mode = candidate.credential->mode;
            bool const is_wanted = has_placeholder ? candidate.has_placeholder
                                   : is_free       ? mode != Mode::ReplaceOnly
                                                   : mode == Mode::Force;
            // A path has no empty slot and no foreign value that could be told from a path.
            if (is_wanted && (slot.kind != SlotKind::Path || candidate.has_placeholder))
                here.push_back(candidate);
        }
        if (decide(slot, here))
            return std::move(verdict_);
    }
    verdict_.fields = std::move(draft_.fields);
    verdict_.query = std::move(draft_.query);
    verdict_.path = std::move(draft_.path);
    return std::move(verdict_);
}

} // namespace

void Gate::lend(LentCredential credential)
{
    auto const same = std::ranges::find(lent_, credential.name, &LentCredential::name);
    auto const index = static_cast<std::size_t>(same - lent_.begin());
    if (same == lent_.end()) {
        lent_.emplace_back();
        forms_.emplace_back();
    }
    // Made here once, as every request to its hosts looks for them in the answer.
    forms_[index] = credential.scrubs
                        ? KeptForms(scrub_forms(credential.value.reveal(), credential.placeholder))
                        : KeptForms();
    lent_[index] = std::move(credential);
}

void Gate::revoke_all()
{
    lent_.clear();
    forms_.clear();
}

RewriteVerdict Gate::judge(RewriteQuestion const& question) const
{
    return Judgement(lent_, question).run();
}

bool Gate::is_bound(std::string_view host, std::uint16_t port) const
{
    return std::ranges::any_of(lent_, [&](auto const& credential) {
        return std::ranges::any_of(credential.attach, [&](AttachRule const& rule) {
            return rule.port == port && equals_ignoring_case(rule.host, host);
        });
    });
}

} // namespace osh::credentials
