#include "policy/explain/grants.h"

#include "policy/base/text.h"
#include "policy/compile/network_index.h"

#include <fmt/core.h>

namespace osh::policy
{
namespace
{

std::string words_of(Matcher const& matcher)
{
    std::string out;
    for (auto const& glob : matcher.any)
        (out += out.empty() ? "" : "|") += glob.pattern();
    return out;
}

std::string words_of(GitRule const& rule)
{
    std::string out = "git ";
    out += rule.operation ? name_of(*rule.operation) : "fetch or push";
    out += rule.repository ? " " + rule.repository->pattern() : " any repository";
    for (auto const& glob : rule.refs)
        out += " " + glob.pattern();
    for (auto const& glob : rule.push_options)
        out += " option " + glob.pattern();
    if (rule.may_tag)
        out += " tags";
    if (rule.may_delete)
        out += " delete";
    return rule.may_force ? out + " force" : out;
}

std::string words_of(L7Rule const& rule)
{
    if (rule.git)
        return words_of(*rule.git);
    std::string out = rule.method.empty() ? rule.operation_type : rule.method;
    auto const add = [&](std::string_view word) { (out += out.empty() ? "" : " ") += word; };
    if (!rule.path.is_absent)
        add(rule.path.is_everything ? "**" : rule.path.glob.pattern());
    for (auto const& one : rule.query)
        add(fmt::format("{}={}", one.key, words_of(one.matcher)));
    if (rule.operation_name)
        add(rule.operation_name->pattern());
    for (auto const& field : rule.fields)
        add("." + field.pattern());
    if (rule.tool)
        add("tool " + words_of(*rule.tool));
    if (!rule.command.empty())
        add(rule.command);
    return out.empty() ? "every request" : out;
}

class Grants
{
public:
    explicit Grants(CompiledNetwork const& network) : network_(network) {}

    std::map<std::string, std::string> collect()
    {
        for (auto const& endpoint : network_.endpoints())
            for (auto const& binary : network_.entries()[endpoint.entry].binaries)
                for (std::uint16_t port : endpoint.ports)
                    add(endpoint, shown(binary.path, 200), port);
        return std::move(out_);
    }

private:
    void add(Endpoint const& endpoint, std::string const& binary, std::uint16_t port)
    {
        std::string addresses;
        for (auto const& block : endpoint.allowed_ips_text)
            addresses += " at " + block;
        std::string const where = fmt::format("{} -> {}:{}{}{}", binary,
            endpoint.host.empty() ? "any host" : shown(endpoint.host, 200), port,
            shown(endpoint.path, 200), addresses);
        if (!is_inspected(endpoint.protocol)) {
            note(endpoint, endpoint.line, where + " any bytes");
            return;
        }
        bool const is_audit = endpoint.enforcement == EnforcementMode::Audit;
        std::string const protocol = fmt::format("{} {}", where, name_of(endpoint.protocol));
        if (is_audit)
            note(endpoint, endpoint.line, protocol + " anything else, reported only");
        if (endpoint.allow_all_known_mcp_methods)
            note(endpoint, endpoint.line, protocol + " every known method");
        for (auto const& rule : endpoint.rules)
            note(endpoint, rule.line, fmt::format("{} {}", protocol, shown(words_of(rule), 300)));
        for (auto const& rule : endpoint.deny_rules)
            note(endpoint, rule.line,
                fmt::format("never {} {}", protocol, shown(words_of(rule), 300)));
    }

    void note(Endpoint const& endpoint, std::uint32_t line, std::string grant)
    {
        std::string const& file = network_.entries()[endpoint.entry].file;
        out_.emplace(std::move(grant), fmt::format("{}:{}", shown(file, 200), line));
    }

    CompiledNetwork const& network_;
    std::map<std::string, std::string> out_; // grant -> where it is said
};

} // namespace

std::map<std::string, std::string> grants_with_origin(Policy const& policy)
{
    return Grants(*policy.network).collect();
}

std::set<std::string> grants_of(Policy const& policy)
{
    std::set<std::string> out;
    for (auto& [grant, origin] : grants_with_origin(policy))
        out.insert(grant);
    return out;
}

} // namespace osh::policy
