// DNS questions about other records than addresses: refused, unless the profile opens the type for
// the name (network.dns_types). Then the resolver of this machine is asked, and only what answers
// the question comes back.
//
// Such a question leaves the machine, so the name must be one that the profile spells out, or one
// of few new ones below a pattern (label_limit.h), and every layer that only narrows must know it.

#include "netproxy/core/core.h"
#include "netproxy/core/denial.h"
#include "netproxy/core/forbidden_names.h"
#include "netproxy/wire/dns.h"

#include <fmt/core.h>

namespace osh::netproxy::core
{
namespace
{

constexpr std::uint32_t kMaxRecordTtl = 300; // policies change, and so do answers

policy::DnsOpening const* opening_for(
    std::vector<policy::DnsOpening> const& openings, stack::DnsAsked const& event)
{
    for (auto const& one : openings)
        if (!one.where.has_wildcard() && one.opens(event.name, event.type))
            return &one; // spelled out: nothing to count
    for (auto const& one : openings)
        if (one.opens(event.name, event.type))
            return &one;
    return nullptr;
}

} // namespace

bool Core::is_opened_type(stack::DnsAsked const& event) const
{
    return !settings_.network_off && !is_forbidden_name(event.name)
           && opening_for(settings_.dns_openings, event) != nullptr
           && policy::ceilings_know(*policy_, policy::host_behind_service(event.name));
}

void Core::asked_records(stack::DnsAsked const& event)
{
    auto const& opening = *opening_for(settings_.dns_openings, event);
    policy::Decided line;
    line.kind = "dns";
    line.target.host = event.name;
    if (opening.where.has_wildcard() && !is_within_labels(opening.where.zone(), event.name)) {
        auto verdict = too_many_names();
        line.decision = "deny";
        line.code = code_word(verdict.code);
        line.reason = std::move(verdict.reason);
        journal_.decided(std::move(line), at_.now);
        parts_.agent.answer_dns(event.question, stack::DnsReply::Refused, {}, 0);
        return;
    }
    line.decision = "allow";
    line.reason = fmt::format("{} records, opened by network.dns_types ({})",
        policy::dns_type_name(event.type), opening.where.name);
    journal_.decided(std::move(line), at_.now);
    commands_.push_back(ResolveRecords{event.question, event.name, event.type});
}

// A type that no entry opens. Said once in a while, so that people find the key.
void Core::refuse_records(stack::DnsAsked const& event)
{
    policy::Decided line;
    line.kind = "dns";
    line.decision = "deny";
    line.code = "no_rule";
    line.target.host = event.name;
    line.reason =
        fmt::format("{} records are given where network.dns_types opens them, and nowhere else",
            policy::dns_type_name(event.type));
    journal_.decided(std::move(line), at_.now);
    parts_.agent.answer_dns(event.question, stack::DnsReply::Refused, {}, 0);
}

void Core::records_known(
    std::uint64_t question, stack::DnsReply reply, std::vector<wire::DnsRecord> records, Moment at)
{
    at_ = at;
    if (records.empty()) {
        parts_.agent.answer_dns(question, reply, {}, 0);
        return;
    }
    for (auto& record : records)
        record.ttl_seconds = std::min(record.ttl_seconds, kMaxRecordTtl);
    parts_.agent.answer_dns_records(question, records);
}

} // namespace osh::netproxy::core
