#include "launcher/plan/attack_report.h"

#include "policy/base/text.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace osh::launcher
{
namespace
{

struct Meaning {
    std::string_view prefix, words;
};
// The longest prefix first.
constexpr std::array kMeanings{
    Meaning{"files.git",
        "code left there runs outside, with your rights, at your next git command: "
        "list the place under filesystem.protect"},
    Meaning{"files.editor", "code left there runs outside when an editor opens the project: list "
                            ".vscode and its kind under filesystem.protect"},
    Meaning{"files.set-uid", "a program left in the project runs with your rights for whoever "
                             "starts it"},
    Meaning{"files.env", "secrets of the project can be read: filesystem.mask does not cover them"},
    Meaning{
        "files.secrets", "secrets of the project can be read: filesystem.mask does not cover them"},
    Meaning{"files.", "files of yours can be read: filesystem.read or write shows more than the "
                      "agent needs"},
    Meaning{"proc.oom", "when memory runs out, your other programs are ended before the agent"},
    Meaning{"proc.", "the machine's other processes are in reach of the agent"},
    Meaning{"sockets.", "a program outside takes orders from the agent, with your rights: "
                        "close the folder its socket lies in"},
    Meaning{"kernel.", "a larger part of the kernel is open, and with it the holes in it"},
    Meaning{"network.", "the agent reaches services without asking the policy"},
    Meaning{"dns.", "names carry data out past the policy"},
    Meaning{"tty.", "the agent types into your terminal, and your shell obeys"},
    Meaning{"identity.", "a program can borrow the name of another, and with it its rules"},
};

std::string meaning_of(std::string_view name)
{
    for (auto const& meaning : kMeanings)
        if (name.starts_with(meaning.prefix))
            return std::string(meaning.words);
    return "something that should be closed is open";
}

constexpr std::array<std::string_view, 7> kOfNested{"kernel.user-namespace", "kernel.mount",
    "kernel.network-namespace", "kernel.capabilities", "proc.oom", "proc.own-memory",
    "identity.proc-memory"};

constexpr std::array<std::string_view, 5> kOfOverlay{
    "files.git-hook", "files.git-config", "files.git-swap", "files.editor", "files.set-uid"};

bool is_permitted(std::string_view name, AttackPermissions permissions)
{
    return (permissions.nested && std::ranges::find(kOfNested, name) != kOfNested.end())
           || (permissions.overlay && std::ranges::find(kOfOverlay, name) != kOfOverlay.end())
           || (permissions.debug && name == "identity.ptrace");
}

std::string permission_text(std::string_view name)
{
    if (name.starts_with("files."))
        return "the project is an overlay: it is written aside, and `osh changes apply` leaves it "
               "unless it is named with --protected";
    return name == "identity.ptrace"
               ? "the profile says debug: a program that was traced is unknown to the rules"
               : "the profile says nested = \"allow\": for an agent's own sandbox";
}

AttackLine const* line_of(AttackRun const& run, std::string const& name)
{
    for (auto const& line : run.lines)
        if (line.name == name)
            return &line;
    return nullptr;
}

AttackFinding judge(AttackLine const& outside, AttackLine const* inside, AttackPermissions may)
{
    AttackFinding finding;
    finding.name = outside.name;
    finding.outside = outside.detail;
    finding.inside = inside == nullptr ? "not tried" : inside->detail;
    if (inside != nullptr && inside->outcome == "worked") {
        bool const is_open = is_permitted(outside.name, may);
        finding.verdict = is_open ? AttackVerdict::Open : AttackVerdict::Escaped;
        finding.meaning = is_open ? permission_text(outside.name) : meaning_of(outside.name);
    } else if (inside != nullptr && inside->outcome == "refused" && outside.outcome == "worked") {
        finding.verdict = AttackVerdict::Held;
    }
    return finding;
}

char const* word_of(AttackVerdict verdict)
{
    switch (verdict) {
    case AttackVerdict::Held: return "held";
    case AttackVerdict::Escaped: return "ESCAPED";
    case AttackVerdict::Open: return "open";
    case AttackVerdict::Unproven: break;
    }
    return "unproven";
}

} // namespace

AttackRun parse_attack_run(std::string_view text)
{
    constexpr std::size_t kMaxLines = 256;
    AttackRun run;
    for (auto const line : split(text, '\n')) {
        auto const parts = split(line, '\t');
        if (parts.size() < 2 || run.lines.size() == kMaxLines)
            continue;
        if (parts[0] == "end") {
            run.is_whole = true;
            continue;
        }
        run.lines.push_back({std::string(parts[0]), std::string(parts[1]),
            parts.size() > 2 ? std::string(parts[2]) : std::string()});
    }
    return run;
}

AttackReport judge_attack(
    AttackRun const& outside, AttackRun const& inside, AttackPermissions permissions)
{
    AttackReport report;
    report.is_whole = outside.is_whole && inside.is_whole;
    for (auto const& line : outside.lines) {
        auto finding = judge(line, line_of(inside, line.name), permissions);
        switch (finding.verdict) {
        case AttackVerdict::Held: ++report.held; break;
        case AttackVerdict::Escaped: ++report.escaped; break;
        case AttackVerdict::Open: ++report.open; break;
        case AttackVerdict::Unproven: ++report.unproven; break;
        }
        report.findings.push_back(std::move(finding));
    }
    return report;
}

std::string describe(AttackReport const& report)
{
    std::string out;
    for (auto const& finding : report.findings) {
        bool const is_unproven = finding.verdict == AttackVerdict::Unproven;
        out += fmt::format("{:<9} {:<26} {}\n", word_of(finding.verdict), shown(finding.name, 60),
            is_unproven ? "does not work outside either: " + shown(finding.outside, 120)
                        : shown(finding.inside, 120));
        if (!finding.meaning.empty())
            out += fmt::format("{:<36} {}\n", "", finding.meaning);
    }
    out +=
        fmt::format("\n{} of {} proven attempts held", report.held, report.held + report.escaped);
    if (report.open != 0)
        out += fmt::format(", {} open because the profile says so", report.open);
    if (report.unproven != 0)
        out += fmt::format(", {} prove nothing on this machine", report.unproven);
    out += report.is_whole ? ".\n" : ".\nNot all attempts were made: this is no result.\n";
    return out;
}

std::string describe_json(AttackReport const& report)
{
    std::string items;
    for (auto const& finding : report.findings)
        items += fmt::format("{}{{\"name\":{},\"verdict\":\"{}\",\"outside\":{},\"inside\":{},"
                             "\"meaning\":{}}}",
            items.empty() ? "" : ",", json_quoted(finding.name), word_of(finding.verdict),
            json_quoted(finding.outside), json_quoted(finding.inside),
            json_quoted(finding.meaning));
    return fmt::format("{{\"v\":1,\"whole\":{},\"held\":{},\"escaped\":{},\"open\":{},"
                       "\"unproven\":{},\"findings\":[{}]}}\n",
        report.is_whole, report.held, report.escaped, report.open, report.unproven, items);
}

} // namespace osh::launcher
