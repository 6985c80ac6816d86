#include "launcher/supervise/core/question_view.h"

#include "launcher/supervise/core/digest.h"
#include "policy/base/text.h"

#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kNameWidth = 60;
constexpr std::size_t kPathWidth = 80; // of a request path on the face of a question

std::string_view base_name(std::string_view path)
{
    return path.substr(path.rfind('/') + 1);
}

bool is_push(policy::Target const& target)
{
    return target.path.ends_with("/git-receive-pack");
}

std::string host_text(policy::Target const& target)
{
    bool const is_usual = target.port == 443 || (target.port == 80 && target.scheme == "http");
    std::string const host = shown(target.host);
    return is_usual ? host : fmt::format("{}:{}", host, target.port);
}

std::string rule_text(policy::Target const& target, AccessClass access, bool everything)
{
    std::string text = fmt::format("- host: {}\n  port: {}\n", shown(target.host), target.port);
    if (access == AccessClass::Connect)
        return text;
    text += "  protocol: rest\n  enforcement: enforce\n";
    if (everything)
        return text + "  access: full\n";
    if (access == AccessClass::Read)
        return text + "  access: read-only\n";
    text += "  rules:\n";
    for (auto const* method : {"POST", "PUT", "PATCH", "DELETE"})
        text += fmt::format("  - allow: {{method: {}, path: \"/**\"}}\n", method);
    return text;
}

Offer deny_offer(bool for_session)
{
    Offer offer{"deny", Effect::Deny, "class", "program", "Deny", {"once"}, "once"};
    if (for_session)
        offer.durations.push_back("session");
    return offer;
}

Offer request_offer(std::uint32_t covered)
{
    Offer offer{"req", Effect::Allow, "request", "program", "Allow this request", {"once"}, "once"};
    offer.covers =
        covered == 1 ? "this request" : fmt::format("the {} waiting equal requests", covered);
    return offer;
}

Offer class_offer(policy::Question const& question, AccessClass access)
{
    auto const& target = question.target;
    std::string_view const verb = access == AccessClass::Read    ? "read from"
                                  : access == AccessClass::Write ? "send to"
                                                                 : "connect to";
    return Offer{std::string(class_word(access)), Effect::Allow, "class", "program",
        fmt::format("Allow {} to {} this host", program_name(question.program), verb), {"session"},
        "session", rule_text(target, access, false)};
}

Offer host_offer(policy::Question const& question, AccessClass access)
{
    Offer offer{"all", Effect::Allow, "host", "program",
        "Allow everything at this host for this program", {"session"}, "session",
        rule_text(question.target, access, true)};
    offer.is_more = true;
    return offer;
}

} // namespace

AccessClass access_class(policy::Target const& target)
{
    if (target.method.empty())
        return AccessClass::Connect;
    if (target.method == "GET" || target.method == "HEAD" || target.method == "OPTIONS")
        return AccessClass::Read;
    return AccessClass::Write;
}

std::string_view class_word(AccessClass access)
{
    switch (access) {
    case AccessClass::Read: return "read";
    case AccessClass::Write: return "write";
    case AccessClass::Connect: break;
    }
    return "connect";
}

bool is_unproven(policy::Program const& program)
{
    return program.is_ambiguous || program.binary.empty();
}

MergeKey merge_key(policy::Question const& question)
{
    // json_quoted keeps the two parts apart whatever they hold.
    std::string const identity =
        is_unproven(question.program)
            ? "unknown"
            : json_quoted(question.program.binary) + json_quoted(question.program.script);
    return {identity, to_lower_ascii(question.target.host), question.target.port,
        access_class(question.target)};
}

std::string program_name(policy::Program const& program)
{
    if (program.binary.empty())
        return "an unknown program";
    std::string name = shown(base_name(program.binary), kNameWidth);
    if (!program.script.empty())
        name += fmt::format(" ({})", shown(base_name(program.script), kNameWidth));
    return program.is_ambiguous ? name + " or another program" : name;
}

std::string summary_of(policy::Question const& question)
{
    std::string const who = program_name(question.program);
    std::string const host = host_text(question.target);
    if (!question.credential.empty())
        return fmt::format("{} wants to use your credential {} at {}", who,
            shown(question.credential, kNameWidth), host);
    if (is_push(question.target))
        return fmt::format("{} wants to push to {}", who, host);
    if (!question.target.ip.empty() && question.target.method.empty())
        return fmt::format("{} wants to reach an address that has no name: {}", who, host);
    switch (access_class(question.target)) {
    case AccessClass::Read: return fmt::format("{} wants to read from {}", who, host);
    case AccessClass::Write: return fmt::format("{} wants to send data to {}", who, host);
    case AccessClass::Connect: break;
    }
    return fmt::format("{} wants an open connection to {}", who, host);
}

std::vector<Offer> offers_for(policy::Question const& question, OfferLimits const& limits)
{
    bool const may_last =
        limits.max_scope != policy::GrantScope::Once && !is_unproven(question.program);
    AccessClass const access = access_class(question.target);
    std::vector<Offer> offers{deny_offer(may_last), request_offer(limits.covered)};
    // An address without a name, and a credential's first use, are answered one at a time.
    if (may_last && question.target.ip.empty()) {
        offers.push_back(class_offer(question, access));
        if (access != AccessClass::Connect)
            offers.push_back(host_offer(question, access));
    }
    if (limits.is_flood && may_last)
        offers.push_back(Offer{"deny-program", Effect::Deny, "program", "program",
            "Deny the rest of this program's requests", {"session"}, "session"});
    return offers;
}

std::string digest_of(QuestionView const& view)
{
    std::string canonical = "network\n" + view.key.program + "\n";
    for (auto const& part :
        {view.target.host, std::to_string(view.target.port), view.target.scheme, view.target.method,
            shown(view.target.path, kPathWidth * 50), view.target.ip, view.credential})
        canonical += json_quoted(part) + "\n";
    for (auto const& offer : view.offers) {
        canonical += fmt::format("{} {} {} {}", offer.id, json_quoted(offer.label),
            json_quoted(offer.rule), json_quoted(offer.covers));
        for (auto const& duration : offer.durations)
            canonical += " " + duration;
        canonical += "\n";
    }
    return "b64:" + sha256_base64(canonical);
}

} // namespace osh::launcher
