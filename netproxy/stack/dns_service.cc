#include "netproxy/stack/dns_service.h"

#include "netproxy/stack/tcp.h"
#include "netproxy/stack/udp.h"
#include "netproxy/wire/fields.h"

namespace osh::netproxy::stack
{
namespace
{

using namespace wire;

constexpr std::uint32_t kNameTtlSeconds = 60; // of a PTR answer

} // namespace

bool DnsService::is_within_rate(Instant now)
{
    if (now - rate_from_ >= 1s) {
        rate_from_ = now;
        rate_count_ = 0;
    }
    return rate_count_++ < world_.limits.dns_per_second;
}

void DnsService::take_datagram(FlowTuple const& tuple, Bytes message, Instant now)
{
    take_message(tuple, 0, message, now);
}

void DnsService::take_message(FlowTuple const& tuple, FlowId stream, Bytes message, Instant now)
{
    if (message.size() > world_.limits.max_dns_message || !is_within_rate(now)) {
        ++world_.drops.over_limit;
        return;
    }
    auto const parsed = parse_dns(message);
    if (!parsed) {
        ++world_.drops.malformed;
        return;
    }
    if (parsed->code == DnsCode::NoError)
        return remember(parsed->question, tuple, stream);
    std::array<std::byte, kLongestDnsAnswer> out;
    send(tuple, stream,
        Bytes(out).first(put_dns_code(out, wire::head_of(parsed->question), parsed->code)));
}

void DnsService::remember(DnsQuestion const& question, FlowTuple const& tuple, FlowId stream)
{
    std::uint64_t const number = ++last_question_;
    std::size_t const place = number % kMostPending;
    if (place >= pending_.size())
        pending_.resize(place + 1);
    Pending& pending = pending_[place];
    pending.question = number;
    pending.tuple = tuple;
    pending.stream = stream;
    pending.id = question.id;
    pending.type = question.type;
    pending.recursion_desired = question.recursion_desired;
    pending.has_edns = question.has_edns;
    pending.udp_size = question.udp_size;
    pending.wire_size = static_cast<std::uint16_t>(question.wire.size());
    put_bytes(pending.wire, 0, question.wire);
    world_.events.push_back(DnsAsked{number, question.name, question.type, tuple});
}

DnsService::Pending* DnsService::take_pending(std::uint64_t question)
{
    std::size_t const place = question % kMostPending;
    if (question == 0 || place >= pending_.size() || pending_[place].question != question)
        return nullptr;
    pending_[place].question = 0; // its bytes stay until the place is used again
    return &pending_[place];
}

DnsHead DnsService::head_of(Pending const& pending)
{
    return {pending.id, pending.recursion_desired, pending.has_edns,
        Bytes(pending.wire).first(pending.wire_size)};
}

void DnsService::answer(
    std::uint64_t question, DnsReply reply, IpAddress const& address, std::uint32_t ttl_seconds)
{
    Pending const* const pending = take_pending(question);
    if (!pending)
        return;
    std::array<std::byte, kLongestDnsAnswer> out;
    DnsHead const head = head_of(*pending);
    bool const fits = pending->type == (address.is_v4() ? kTypeA : kTypeAaaa);
    std::size_t size = 0;
    switch (reply) {
    case DnsReply::Address:
        size = fits ? put_dns_address(out, head, address, ttl_seconds)
                    : put_dns_code(out, head, DnsCode::NoError);
        break;
    case DnsReply::NoData: size = put_dns_code(out, head, DnsCode::NoError); break;
    case DnsReply::NameError: size = put_dns_code(out, head, DnsCode::NameError); break;
    case DnsReply::ServerFailure: size = put_dns_code(out, head, DnsCode::ServerFailure); break;
    case DnsReply::Refused: size = put_dns_code(out, head, DnsCode::Refused); break;
    }
    send(pending->tuple, pending->stream, Bytes(out).first(size));
}

void DnsService::answer_name(std::uint64_t question, std::string_view name)
{
    Pending const* const pending = take_pending(question);
    if (!pending)
        return;
    std::array<std::byte, kLongestDnsAnswer> out;
    std::size_t const size = put_dns_pointer(out, head_of(*pending), name, kNameTtlSeconds);
    send(pending->tuple, pending->stream, Bytes(out).first(size));
}

// What does not fit into a datagram is asked again over TCP (RFC 7766).
void DnsService::answer_records(std::uint64_t question, std::vector<wire::DnsRecord> const& records)
{
    Pending const* const pending = take_pending(question);
    if (!pending)
        return;
    std::array<std::byte, kLongestRecordsAnswer> out;
    std::size_t const room = pending->stream == 0 ? pending->udp_size : out.size();
    std::size_t const size =
        put_dns_records(MutableBytes(out).first(room), head_of(*pending), {pending->type, records});
    send(pending->tuple, pending->stream, Bytes(out).first(size));
}

void DnsService::send(FlowTuple const& tuple, FlowId stream, Bytes message)
{
    if (stream == 0)
        return send_datagram(world_, tuple, message);
    Flow* const flow = world_.flows.find(stream);
    if (!flow || flow->state != TcpState::Open)
        return;
    std::size_t const at = flow->to_send.size();
    std::array<std::byte, 2> length;
    put16(length, 0, static_cast<unsigned>(message.size()));
    bool const fits = at + length.size() + message.size() <= world_.limits.send_ring
                      && flow->to_send.write(world_.pool, at + length.size(), message)
                      && flow->to_send.write(world_.pool, at, length);
    if (!fits)
        return tcp_reset(world_, *flow); // it asks and does not read
    flow->to_send.extend(length.size() + message.size());
    world_.wake(*flow);
}

// RFC 1035 section 4.2.2: each message has its length in front.
void DnsService::take_stream(Flow& flow, Instant now)
{
    FlowId const id = flow.id;
    FlowTuple const tuple = world_.tuple_of(flow);
    while (flow.received.size() >= 2) {
        std::array<std::byte, 2> head;
        flow.received.copy(0, head);
        std::size_t const length = get16(head, 0);
        if (length == 0 || length > world_.limits.max_dns_message)
            return tcp_reset(world_, flow);
        if (flow.received.size() < 2 + length)
            break;
        std::vector<std::byte> message(length);
        flow.received.copy(2, message);
        tcp_consume(world_, flow, 2 + length);
        take_message(tuple, id, message, now);
        if (!world_.flows.find(id))
            return;
    }
    if (flow.peer_finished && !flow.fin_wanted) {
        flow.received.consume(world_.pool, flow.received.size()); // half a message, if any
        flow.fin_wanted = true;
        world_.wake(flow);
    }
}

void DnsService::take_streams(Instant now)
{
    for (std::size_t i = 0; i < world_.service_work.size(); ++i) {
        Flow* const flow = world_.flows.find(world_.service_work[i]);
        if (flow && flow->state == TcpState::Open)
            take_stream(*flow, now);
    }
    world_.service_work.clear();
}

} // namespace osh::netproxy::stack
