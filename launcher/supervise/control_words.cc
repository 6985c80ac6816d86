#include "launcher/supervise/control_words.h"

#include "launcher/supervise/core/journal.h"
#include "policy/base/text.h"

#include <algorithm>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMaxArgv = 200;  // bytes of a command line that people see
constexpr std::size_t kMaxPath = 2048; // of a request, so that a question fits into one line

std::string base_name(std::string const& path)
{
    return path.substr(path.rfind('/') + 1);
}

policy::control::Subject subject_of(QuestionView const& view)
{
    policy::control::Subject subject;
    subject.program = base_name(view.program.binary);
    subject.script = view.program.script;
    subject.path = view.program.binary;
    subject.pid = view.program.pid;
    // Nearest first inside, outermost first for people.
    for (auto const& ancestor : view.program.chain)
        subject.chain.insert(subject.chain.begin(), base_name(ancestor));
    subject.chain.push_back(subject.program);
    subject.argv = clipped(view.program.command_line, kMaxArgv);
    return subject;
}

policy::control::Target target_of(QuestionView const& view)
{
    policy::control::Target target;
    target.host = view.target.host;
    target.port = view.target.port;
    target.scheme = view.target.scheme;
    target.ip = view.target.ip;
    target.ascii = view.target.host;
    target.method = view.target.method;
    target.path = clipped(view.target.path, kMaxPath);
    target.access = class_word(view.key.access);
    return target;
}

policy::control::Offer offer_of(Offer const& offer)
{
    policy::control::Offer out;
    out.id = offer.id;
    out.effect = offer.effect == Effect::Allow ? "allow" : "deny";
    out.what = offer.what;
    out.who = offer.who;
    out.label = offer.label;
    out.durations = offer.durations;
    out.default_duration = offer.default_duration;
    out.rule = offer.rule;
    out.covers = offer.covers;
    out.more = offer.is_more;
    return out;
}

} // namespace

policy::control::Question control_question(QuestionView const& view)
{
    policy::control::Question question;
    question.id = view.id;
    question.rev = view.revision;
    question.digest = view.digest;
    question.state = view.state == QuestionState::Held ? "held" : "lapsed";
    question.summary = view.summary;
    question.subject = subject_of(view);
    question.target = target_of(view);
    question.why = {view.why_code, view.why_text};
    question.credential = view.credential;
    question.count = view.count;
    question.first = rfc3339(view.first);
    question.last = rfc3339(view.last);
    question.deadline = rfc3339(view.deadline);
    question.flags = view.flags;
    for (auto const& offer : view.offers)
        question.offers.push_back(offer_of(offer));
    return question;
}

policy::control::Grant control_grant(Grant const& grant)
{
    policy::control::Grant out;
    out.id = grant.id;
    out.effect = grant.effect == Effect::Allow ? "allow" : "deny";
    out.label = grant.label;
    out.duration = "session";
    out.used = grant.used;
    return out;
}

} // namespace osh::launcher
