#include "tray/core/approval_presenter.h"

#include "policy/base/text.h"

#include <algorithm>
#include <chrono>
#include <fmt/core.h>
#include <tuple>

namespace osh::tray
{
namespace
{

constexpr std::size_t kNameWidth = 40;   // a program, a credential
constexpr std::size_t kPathWidth = 80;   // a request path on the face
constexpr std::size_t kTextWidth = 120;  // one line of the face
constexpr std::size_t kAgentWidth = 200; // what the agent says, no more
constexpr std::size_t kLongWidth = 400;  // one line of the details
constexpr std::size_t kMaxChain = 5;     // programs in "started by"
constexpr std::size_t kMaxRuleLines = 24;

std::string_view base_name(std::string_view path)
{
    return path.substr(path.rfind('/') + 1);
}

std::string program_words(control::Subject const& subject)
{
    std::string_view const program =
        subject.program.empty() ? base_name(subject.path) : base_name(subject.program);
    if (program.empty())
        return "A program that osh could not identify";
    std::string const name = shown(program, kNameWidth);
    if (subject.script.empty())
        return name;
    return fmt::format("{} ({})", name, shown(base_name(subject.script), kNameWidth));
}

// One capitalised verb carries the weight of the question, not a colour.
std::string verb_words(control::Question const& question)
{
    auto const& target = question.target;
    std::string const credential = shown(question.credential, kNameWidth);
    if (question.kind == "credential")
        return fmt::format("wants to USE YOUR CREDENTIAL {} at", credential);
    if (question.kind == "push" || target.access == "push")
        return "wants to PUSH to";
    if (question.kind == "sign")
        return "wants to SIGN a commit as";
    if (!target.ip.empty() && target.method.empty())
        return "wants to reach an ADDRESS THAT HAS NO NAME:";
    if (target.access == "read")
        return "wants to READ FROM";
    if (target.access == "write")
        return "wants to SEND DATA to";
    return "wants an OPEN CONNECTION to";
}

struct HostWords {
    std::string prefix, owner;
};

// The registrable part is never elided: it says whose host this is. Only a true suffix at a label
// boundary is shown as the owner; anything else and the whole name counts.
HostWords host_words(control::Target const& target)
{
    std::string_view const host = target.ascii.empty() ? target.host : target.ascii;
    std::string_view const owner = target.registrable;
    bool const has_prefix = !owner.empty() && host.size() > owner.size() && host.ends_with(owner)
                            && host[host.size() - owner.size() - 1] == '.';
    if (!has_prefix)
        return {"", shown(host.empty() ? std::string_view(target.ip) : host)};
    return {shown(host.substr(0, host.size() - owner.size()), kNameWidth), shown(owner)};
}

std::string request_words(control::Target const& target)
{
    bool const is_usual = target.port == 443 || (target.port == 80 && target.scheme == "http");
    std::string words;
    if (!target.method.empty()) {
        // The query may hold what nobody wants on a screen, and anything a line can hold.
        std::string_view const path =
            std::string_view(target.path).substr(0, target.path.find_first_of("?#"));
        words = shown(target.method, 16) + " " + shown(path, kPathWidth);
    }
    if (!is_usual)
        words += fmt::format("{}port {}", words.empty() ? "" : "   ", target.port);
    if (target.scheme == "http")
        words += words.empty() ? "without encryption" : "   without encryption";
    return words;
}

std::string chain_words(std::vector<std::string> const& chain)
{
    std::string words;
    std::size_t const skipped = chain.size() > kMaxChain ? chain.size() - kMaxChain : 0;
    if (skipped > 0)
        words = "… › ";
    for (std::size_t i = skipped; i < chain.size(); ++i)
        words += (i == skipped ? "" : " › ") + shown(chain[i], kNameWidth);
    return words;
}

bool has_flag(control::Question const& question, std::string_view flag)
{
    return std::ranges::find(question.flags, flag) != question.flags.end();
}

bool looks_international(control::Target const& target)
{
    return target.host.find("xn--") != std::string::npos
           || (!target.ascii.empty() && target.ascii != target.host);
}

std::vector<ShownLine> face_lines(control::Question const& question)
{
    std::vector<ShownLine> lines;
    auto add = [&](std::string label, std::string text) {
        if (!text.empty())
            lines.push_back({std::move(label), std::move(text), Tone::Plain});
    };
    auto warn = [&](std::string text) { lines.push_back({"", std::move(text), Tone::Warning}); };
    add("Started by", chain_words(question.subject.chain));
    if (question.likely)
        add(question.likely->sure ? "Purpose" : "Probably",
            shown(question.likely->text, kTextWidth));
    add("Blocked", shown(question.why.text, kTextWidth));
    if (!question.credential.empty() && question.kind != "credential")
        warn(fmt::format(
            "Your credential {} would be attached.", shown(question.credential, kNameWidth)));
    if (looks_international(question.target))
        warn(fmt::format("This name uses letters that look like others: {}",
            shown(question.target.ascii.empty() ? question.target.host : question.target.ascii)));
    if (has_flag(question, "binary-changed"))
        warn("The program was changed since the session started.");
    if (question.state == "lapsed")
        warn("The program gave up waiting. An answer counts for its next try.");
    return lines;
}

void add_rules(std::vector<ShownLine>& details, control::Offer const& offer)
{
    std::size_t count = 0;
    for (std::string_view line : split(offer.rule, '\n')) {
        if (line.empty() || count++ >= kMaxRuleLines)
            continue;
        // Spaces carry YAML's structure: shown() keeps them.
        details.push_back({count == 1 ? fmt::format("Rule of “{}”", shown(offer.label, 60)) : "",
            shown(line, kTextWidth), Tone::Plain});
    }
}

std::vector<ShownLine> detail_lines(control::Question const& question)
{
    std::vector<ShownLine> details;
    auto add = [&](std::string label, std::string_view text, std::size_t width = kLongWidth) {
        if (!text.empty())
            details.push_back({std::move(label), shown(text, width), Tone::Plain});
    };
    auto const& subject = question.subject;
    add("Program", subject.path);
    add("Hash", subject.hash);
    add("Script", subject.script);
    add("Command", subject.argv);
    add("Folder", subject.cwd);
    if (subject.pid > 0)
        add("Process", fmt::format("{}", subject.pid));
    add("Host", question.target.host);
    add("Address", question.target.ip);
    add("Path",
        std::string_view(question.target.path).substr(0, question.target.path.find_first_of("?#")));
    for (auto const& earlier : question.history)
        add("Earlier", fmt::format("{}: {} ({})", earlier.when, earlier.answer, earlier.scope));
    if (!question.agent_says.empty())
        details.push_back({"The agent says",
            fmt::format("“{}”", shown(question.agent_says, kAgentWidth)), Tone::Plain});
    for (auto const& offer : question.offers)
        add_rules(details, offer);
    return details;
}

// The narrowest offer of its kind: widening is never on the face (rule of conduct 11).
ShownChoice choice(
    control::Question const& question, std::string_view effect, std::string_view duration)
{
    for (auto const& offer : question.offers) {
        bool const lasts = std::ranges::find(offer.durations, duration) != offer.durations.end();
        if (offer.effect != effect || offer.more || !lasts)
            continue;
        return {"", shown(offer.covers.empty() ? offer.label : offer.covers, kTextWidth), offer.id,
            std::string(duration)};
    }
    return {};
}

std::string session_verb(control::Question const& question)
{
    if (question.target.access == "read")
        return "Allow reading, this session";
    if (question.target.access == "write")
        return "Allow sending, this session";
    return "Allow for this session";
}

void put_choices(ShownQuestion& out, control::Question const& question)
{
    out.deny = choice(question, "deny", "once");
    out.deny.label = "Deny once";
    out.allow_once = choice(question, "allow", "once");
    out.allow_once.label = "Allow once";
    out.allow_session = choice(question, "allow", "session");
    out.allow_session.label = session_verb(question);
}

std::string clock_words(WallTime time, std::int32_t utc_offset_seconds)
{
    std::int64_t constexpr day = 24 * 3600;
    std::int64_t const local = time.milliseconds / 1000 + utc_offset_seconds;
    std::int64_t const seconds = ((local % day) + day) % day;
    return fmt::format("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

std::optional<int> digits(std::string_view text, std::size_t at, std::size_t count)
{
    int value = 0;
    for (std::size_t i = at; i < at + count; ++i) {
        if (i >= text.size() || text[i] < '0' || text[i] > '9')
            return std::nullopt;
        value = value * 10 + (text[i] - '0');
    }
    return value;
}

} // namespace

std::optional<WallTime> parse_time(std::string_view text)
{
    // 2026-11-20T14:02:51.000Z
    auto const year = digits(text, 0, 4), month = digits(text, 5, 2), day = digits(text, 8, 2);
    auto const hour = digits(text, 11, 2), minute = digits(text, 14, 2),
               second = digits(text, 17, 2);
    if (!year || !month || !day || !hour || !minute || !second)
        return std::nullopt;
    bool const has_fraction = text.size() == 24 && text[19] == '.';
    auto const fraction = has_fraction ? digits(text, 20, 3) : std::optional(0);
    if (!fraction || text[10] != 'T' || text.back() != 'Z' || (!has_fraction && text.size() != 20))
        return std::nullopt;
    std::chrono::year_month_day const date(std::chrono::year(*year),
        std::chrono::month(static_cast<unsigned>(*month)),
        std::chrono::day(static_cast<unsigned>(*day)));
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60)
        return std::nullopt;
    std::int64_t const days = std::chrono::sys_days(date).time_since_epoch().count();
    std::int64_t const seconds = ((days * 24 + *hour) * 60 + *minute) * 60 + *second;
    return WallTime{seconds * 1000 + *fraction};
}

std::string waiting_words(control::Question const& question, LocalTime time)
{
    std::string words =
        question.count == 1 ? "1 request" : fmt::format("{} requests", question.count);
    if (auto const first = parse_time(question.first))
        words += ", since " + clock_words(*first, time.utc_offset_seconds);
    auto const deadline = parse_time(question.deadline);
    if (question.state != "held" || !deadline)
        return words;
    std::int64_t const left = (deadline->milliseconds - time.now.milliseconds + 999) / 1000;
    return words
           + (left > 0 ? fmt::format(" · denied in {} s if no answer", left)
                       : std::string(" · the time is over"));
}

std::string place_words(Place place)
{
    return place.waiting > 1 ? fmt::format("{} of {}", place.position, place.waiting) : "";
}

ShownQuestion present(Queued const& queued, Place place, LocalTime time)
{
    auto const& question = queued.question;
    auto const& session = queued.session;
    ShownQuestion out;
    out.key = queued.key();
    out.digest = question.digest;
    out.title = fmt::format("osh — {} · {} · {}", shown(session.project, kNameWidth),
        shown(session.agent, kNameWidth), shown(session.profile, kNameWidth));
    out.place = place_words(place);
    out.sentence = program_words(question.subject) + " " + verb_words(question);
    auto host = host_words(question.target);
    out.host_prefix = std::move(host.prefix);
    out.host_owner = std::move(host.owner);
    out.request = request_words(question.target);
    out.spoken = fmt::format("{} {}{}", out.sentence, out.host_prefix, out.host_owner);
    if (!out.request.empty())
        out.spoken += ", " + out.request;
    out.lines = face_lines(question);
    out.waiting = waiting_words(question, time);
    out.details = detail_lines(question);
    put_choices(out, question);
    return out;
}

bool says_the_same(ShownQuestion const& a, ShownQuestion const& b)
{
    auto const buttons = [](ShownQuestion const& q) {
        return std::tie(q.deny.label, q.deny.offer, q.allow_once.label, q.allow_once.offer,
            q.allow_session.label, q.allow_session.offer);
    };
    return a.key == b.key && a.title == b.title && a.spoken == b.spoken && a.lines == b.lines
           && a.details == b.details && buttons(a) == buttons(b);
}

std::string outcome_words(
    control::Reply const& reply, ShownQuestion const& question, ShownChoice const& choice)
{
    std::string const host = question.host_prefix + question.host_owner;
    if (!reply.ok)
        return fmt::format(
            "Not applied: {}", shown(reply.text.empty() ? reply.code : reply.text, kTextWidth));
    bool const is_deny = choice.offer == question.deny.offer && choice.duration == "once";
    if (is_deny)
        return fmt::format("Denied once: {}", host);
    std::string_view const done =
        choice.duration == "once" ? "Allowed once" : "Allowed for this session";
    return fmt::format("{}: {}", done, host);
}

std::string gone_words(control::Gone const& gone)
{
    if (gone.by.empty() || gone.by == "deadline")
        return "The time is over. The request was denied.";
    if (gone.by == "client_gone")
        return "The program is no longer waiting for an answer.";
    return fmt::format(
        "Answered elsewhere ({}): {}", shown(gone.by, kNameWidth), shown(gone.offer, kNameWidth));
}

} // namespace osh::tray
