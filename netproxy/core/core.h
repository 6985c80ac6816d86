#pragma once
// The orchestration of flows: facts in (packets' events, owners, addresses, bytes, answers, time),
// commands out. No I/O, no clock; every default is Deny. docs/netproxy.md tells the whole story.
//
// Bytes are not copied through here where a view will do: the shell reads from upstream straight
// into upstream_space() and writes straight from to_upstream().

#include "credentials/rewrite/rewrite.h"
#include "netproxy/core/agent_side.h"
#include "netproxy/core/flow.h"
#include "netproxy/core/journal.h"
#include "netproxy/core/label_limit.h"
#include "netproxy/core/timers.h"
#include "netproxy/core/udp_flow.h"
#include "netproxy/core/upstream_link.h"
#include "netproxy/core/upstream_pool.h"
#include "netproxy/stack/name_pool.h"
#include "policy/evaluate/credential_rewrite.h"

#include <algorithm>
#include <map>
#include <unordered_map>

namespace osh::netproxy::wire
{
struct ClientHello;
}

namespace osh::netproxy::core
{

class Core
{
public:
    struct Parts { // borrowed; must outlive the core
        AgentSide& agent;
        stack::NamePool& names;
        proxy::AgentTls& agent_tls;
        proxy::UpstreamTls& upstream_tls;
    };
    Core(Parts const& parts, Settings settings, std::shared_ptr<policy::Policy const> policy);

    // ---- facts
    void handle(stack::Event const& event, Moment at);
    void handle_time(Moment at);
    void owner_known(policy::OwnerAnswer const& answer, Moment at);
    void resolved(std::uint64_t id, Result<std::vector<IpAddress>> const& addresses, Moment at);
    // Without records: `reply` says why.
    void records_known(std::uint64_t question, stack::DnsReply reply,
        std::vector<wire::DnsRecord> records, Moment at);
    void dialled(UpstreamId upstream, Moment at);
    void dial_failed(UpstreamId upstream, DialFailure failure, std::string const& why, Moment at);
    void upstream_ended(UpstreamId upstream, Ending how, Moment at);
    void datagram_from_upstream(UpstreamId upstream, Bytes payload, Moment at);
    void datagrams_failed(UpstreamId upstream, DialFailure failure, Moment at);
    void datagram_too_big(UpstreamId upstream, std::uint32_t mtu, Moment at); // and was not sent
    void answered(policy::Answer const& answer, Moment at);
    void lend(credentials::LentCredential credential);
    void swap_policy(std::shared_ptr<policy::Policy const> policy, Moment at);

    // ---- bytes between a flow and its upstream
    Bytes to_upstream(UpstreamId upstream) const;
    void sent_upstream(UpstreamId upstream, std::size_t count, Moment at);
    bool has_finished_sending(UpstreamId upstream) const; // half-close once to_upstream is empty
    bool wants_upstream(UpstreamId upstream) const;       // there is room to read into
    MutableBytes upstream_space(UpstreamId upstream);     // empty: do not read now
    // 0: nothing came, the space is given back.
    void received_from_upstream(UpstreamId upstream, std::size_t count, Moment at);

    // ---- results
    std::vector<Command> take_commands();
    void take_commands(std::vector<Command>& into); // the same, and its memory is used again
    Instant next_deadline() const
    {
        return std::min({timers_.next(), looks_.next(), udp_timers_.next(), pool_.next_deadline(),
            links_.next_deadline()});
    }
    std::size_t flow_count() const { return flows_.size(); }
    void too_many_connections(Moment at); // the stack left some unanswered
    std::uint64_t names_refused() const { return labels_.refused(); } // by the limit on new labels

private:
    // flow_open.cc
    void opened(stack::TcpOpened const& event);
    void ask_owner(Flow& flow, policy::OwnerDepth depth);
    bool is_open_to_anyone(Flow const& flow) const;
    void judge_connection(Flow& flow);
    static void name_doubt(Flow const& flow, policy::Verdict& verdict);
    void decide(Flow& flow);
    void take_route(Flow& flow);
    void refuse(Flow& flow, policy::Verdict const& verdict);
    bool needs_inspection(Flow const& flow) const;
    bool is_askable(Flow const& flow, policy::Verdict const& verdict) const;
    // flow_early.cc
    void dial_early(Flow& flow);
    bool hold_early(Flow& flow, EarlyDial outcome, EarlyTrouble trouble);
    void resume_early(Flow& flow);
    bool look_again(Flow& flow);
    void owner_known_again(Flow& flow, policy::OwnerAnswer const& answer);
    // dns.cc
    void asked(stack::DnsAsked const& event);
    void asked_reverse(stack::DnsAsked const& event);
    // dns_records.cc
    bool is_opened_type(stack::DnsAsked const& event) const;
    void asked_records(stack::DnsAsked const& event);
    void refuse_records(stack::DnsAsked const& event);
    // flow_first_bytes.cc
    void look_at_first_bytes(Flow& flow);
    void hello_has_begun(Flow& flow);
    void look_at_hello(Flow& flow);
    void start_inspection(Flow& flow);
    void carry_unread(Flow& flow, std::string_view why);
    void carry_closed(Flow& flow, wire::ClientHello const& hello);
    void refuse_misnamed(Flow& flow, wire::ClientHello const& hello);
    bool stays_closed(Flow const& flow) const;
    bool check_spliced_start(Flow& flow);
    void silence_is_over(Flow& flow);
    // flow_versions.cc
    proxy::HttpVersions offered_to_upstream(Flow const& flow) const;
    bool asks_with_http2(Flow& flow);
    void note_silence(Flow const& flow);
    // flow_sockets.cc
    static bool is_for_socket(Flow const& flow);
    bool route_socket(Flow& flow);
    void wait_for_settings(Link& link, Flow& flow);
    void settings_arrived(Link& link);
    void refuse_waiting(Link& link, std::string const& why);
    static bool has_finished_socket(Flow const& flow);
    static bool has_last_words(Flow const& flow);
    bool says_last_words(Flow& flow);
    // flow_waits.cc
    void expect_settings(Flow& flow);
    void settings_came(Flow& flow);
    void leave_silent(Link& link);
    void limit_closing(Flow& flow);
    bool has_waited_enough(Flow& flow);
    // flow_streams.cc
    void become_carrier(Flow& flow);
    void pump_carrier(Flow& flow);
    void adopt_streams(Flow& flow);
    void adopt(Flow& carrier, std::unique_ptr<proxy::StreamExchange> exchange);
    bool pump_touched(Flow& flow);
    void pump_stream(Flow& flow);
    void settle_stream(Flow& flow);
    void settle_carrier(Flow& flow);
    void end_streams(Flow& carrier, Ending how);
    void leave_carrier(Flow& stream);
    // flow_links.cc
    LinkKey link_key(Flow const& flow) const;
    void route_stream(Flow& flow);
    bool join_link(Flow& flow);
    void link_is_secure(Flow& flow);
    std::size_t own_connections(Flow const& carrier) const;
    bool waits_for_turn(Flow& flow);
    void give_turns(Flow& carrier);
    bool has_waited_long(Flow& flow);
    Flow* waiting_flow(FlowId id);
    std::vector<FlowId> stop_leading(Flow& flow);
    void pump_link(Link& link);
    bool move_link_bytes(Link& link);
    void link_stream_moved(Flow& flow);
    void settle_link(Link& link);
    void handle_link_time();
    void leave_link(Flow& stream);
    // flow_pump.cc
    void pump(Flow& flow);
    void pump_connection(Flow& flow);
    bool take_from_agent(Flow& flow);
    bool decrypt_from_agent(Flow& flow, Bytes received);
    bool take_plain_from_agent(Flow& flow);
    bool give_to_agent(Flow& flow);
    bool take_from_upstream(Flow& flow);
    bool upstream_is_over(Flow& flow, bool is_clean);
    std::size_t take_plain_from_upstream(Upstream& upstream);
    bool give_to_upstream(Flow& flow);
    void settle(Flow& flow);
    void say_goodbye(Flow& flow);
    void cut_agent(Flow& flow);
    void journal_faults(Flow& flow);
    std::size_t send_to_agent(Flow& flow, Bytes bytes);
    // flow_request.cc
    bool judge(Flow& flow);
    void begin_judging(Flow& flow, proxy::RequestHead const& head);
    void drop_used_up(Flow& flow);
    static void keep_judged(Flow& flow);
    void judged(Flow& flow, policy::Verdict const& verdict);
    void proceed(Flow& flow);
    void answer_denied(Flow& flow, policy::Verdict const& verdict, std::string_view decision);
    static void answer_in_form(Flow& flow, proxy::LocalAnswer answer);
    void answer_misdirected(Flow& flow, std::string_view asked);
    void forward(Flow& flow, proxy::RequestHead const& head, credentials::RewriteVerdict rewrite);
    void refuse_unsafe(Flow& flow);
    void refuse_credential(Flow& flow, credentials::RewriteVerdict const& rewrite);
    policy::Verdict verdict_on_request(Flow& flow, proxy::RequestHead const& head);
    static void spell_out_path(Flow& flow, policy::Verdict& verdict);
    // flow_websocket.cc
    void give_key(proxy::Forward& plan);
    bool judge_message(Flow& flow);
    static bool is_unruled(policy::Verdict const& verdict);
    policy::Verdict verdict_on_message(Flow& flow, proxy::TunnelMessage const& message);
    void pass_message(Flow& flow, proxy::TunnelMessage const& message);
    void refuse_message(Flow& flow, policy::Verdict const& verdict, std::string_view decision);
    bool must_read_messages(Flow const& flow) const;
    // flow_credentials.cc
    credentials::RewriteQuestion credential_question(Flow const& flow) const;
    policy::CredentialRewrite rewrites(Flow const& flow) const;
    void look_for_echoes(Flow& flow, proxy::Forward& plan) const;
    bool fill_message(Flow& flow, std::string& text);
    void credential_is_used(Flow const& flow, std::string name);
    void credential_is_refused(Flow const& flow, credentials::TextVerdict const& verdict);
    // flow_middleware.cc
    enum class BodyCheck : std::uint8_t { Pass, Wait, Refused };
    BodyCheck look_into_body(Flow& flow, proxy::RequestHead const& head);
    BodyCheck fill_body(Flow& flow, proxy::RequestHead const& head); // flow_credentials.cc
    BodyCheck middleware_failed(Flow& flow, std::string_view middleware, std::string why);
    bool go_on_with_body(Flow& flow);
    // flow_push.cc
    void begin_push(Flow& flow, proxy::RequestHead const& head);
    static bool read_push(Flow& flow);
    static void refuse_unread_push(Flow const& flow, policy::Verdict& verdict);
    // flow_question.cc
    void park(Flow& flow, policy::Verdict const& verdict);
    void release(Flow& flow, policy::Answer const& answer);
    void drop_question(Flow& flow);
    void forget_question(Flow& flow);
    // flow_leaving.cc
    void look_for_client(Flow& flow);
    void handle_leaving_time();
    bool notice_leaving(Flow& flow);
    void holder_known(Flow& flow, policy::OwnerAnswer const& answer);
    void allow_if_there(Flow& flow, policy::Answer const& answer);
    void client_left(Flow& flow);
    void give_up_question(Flow& flow);
    // flow_upstream.cc
    void open_upstream(Flow& flow);
    void upstream_failed(Flow& flow, DialFailure failure, std::string const& why);
    void secure_failed(Flow& flow);
    static bool tell_fault(Flow& flow);
    void drop_upstream(Flow& flow, Ending how);
    std::vector<IpAddress> checked(
        Flow& flow, std::vector<IpAddress> const& found, policy::Verdict& why_not);
    void address_denied(Flow& flow, policy::Verdict const& verdict);
    void upstream_is_ready(Flow& flow);
    void dial(Flow& flow, std::vector<IpAddress> const& found);
    bool is_let_through(Flow const& flow) const;
    // flow_proxy.cc
    void dial_through(Flow& flow, policy::UpstreamProxy const& proxy);
    void dial_tunnel(Flow& flow, policy::UpstreamProxy const& proxy,
        std::vector<IpAddress> const& proxy_addresses);
    void dial_unresolved(Flow& flow, policy::UpstreamProxy const& proxy);
    bool is_within_labels(policy::ConnectQuestion const& question, bool by_person);
    bool is_within_labels(std::string_view zone, std::string_view name);
    policy::UpstreamProxy const* proxy_for(Flow const& flow) const;
    bool asks_proxy(Flow const& flow) const;
    void address_to_proxy(Flow& flow, proxy::Forward& plan);
    // flow_reuse.cc
    bool keep_upstream(Flow& flow);
    bool reuse_upstream(Flow& flow);
    void handle_pool_time();
    // flow_memory.cc
    void weigh(std::uint32_t& held, std::size_t now);
    void weigh(Flow& flow);
    void weigh(Link& link);
    void make_room(Flow& flow);
    bool close_idle_until(std::uint64_t left, Flow const* but);
    Flow* oldest_idle(Flow const* but);
    bool may_read_more(Upstream& upstream);
    void read_on();
    // flow_splice.cc
    void pump_splice(Flow& flow);
    void expect_more(Flow& flow, stack::More more);
    // udp.cc
    void datagram(stack::UdpReceived const& event);
    void udp_owner_known(UdpFlow& flow, policy::OwnerAnswer const& answer);
    void udp_resolved(UdpFlow& flow, std::vector<IpAddress> const& addresses);
    void refuse_udp(UdpFlow& flow, policy::Verdict const& verdict, stack::Unreachable how);
    void end_udp(std::uint64_t id);
    void keep_waiting(UdpFlow& flow, UdpWaiting one);
    void drop_waiting(UdpFlow& flow);
    void handle_udp_time();
    void judge_udp_again();
    policy::ConnectQuestion question_of(UdpFlow const& flow) const;
    policy::Target target_of(UdpFlow const& flow) const;
    UdpFlow* find_udp(std::uint64_t id);
    // core.cc
    void timed_out(Flow& flow);
    void readable(Flow& flow);
    void closed(Flow& flow, Ending how);
    void end(Flow& flow, Ending how);
    void sweep();
    void attend(Flow& flow);
    void finish_agent(Flow& flow);
    Flow* find(FlowId id);
    Flow* find_upstream(UpstreamId id);
    Flow const* find_upstream(UpstreamId id) const;
    // swap.cc
    void judge_again(Flow& flow);
    bool is_still_allowed(Flow& flow);
    bool request_is_allowed(Flow& flow);
    void judge_parked_again(Flow& flow);
    bool leads_where_it_may(Flow& flow);
    policy::Verdict verdict_again(Flow const& flow) const;
    static bool is_allowed_so_far(Flow const& flow, policy::Verdict const& verdict);
    // journal lines
    void journal(Flow const& flow, policy::Decided line);
    void journal_request(
        Flow const& flow, policy::Verdict const& verdict, std::string_view decision);
    void write_journal(Flow const& flow, policy::Decided line);
    policy::Target target_of(Flow const& flow) const;
    policy::ConnectQuestion question_of(Flow const& flow) const;

    Parts parts_;
    Settings settings_;
    std::shared_ptr<policy::Policy const> policy_;
    credentials::Gate gate_;
    IdentityBook identities_;
    ConnectVerdicts verdicts_;
    std::unordered_map<FlowId, std::unique_ptr<Flow>> flows_;
    std::unordered_map<UpstreamId, FlowId> by_upstream_;
    std::unordered_map<std::uint64_t, FlowId> by_question_;
    SpareBlocks<kInbox> blocks_; // of all queues
    std::vector<FlowId> gone_;
    std::vector<UpstreamId> short_of_memory_; // inspected ones that stopped reading
    std::size_t pending_owners_ = 0;
    UpstreamId next_upstream_ = 1;
    std::uint64_t next_question_ = 1;
    FlowId next_stream_ = 1;
    std::size_t stream_count_ = 0;
    Timers timers_;
    Timers looks_; // for the clients of open questions
    UpstreamPool pool_;
    UpstreamLinks links_;
    std::unordered_map<std::uint64_t, std::unique_ptr<UdpFlow>> udp_flows_;
    std::map<UdpKey, std::uint64_t> udp_by_key_;
    Timers udp_timers_;
    LabelLimit labels_;
    std::vector<Command> commands_;
    Journal journal_{commands_};
    Moment at_{};
};

// A policy's verdict as a journal line, without the flow's own facts.
policy::Decided decided_line(
    std::string_view kind, policy::Verdict const& verdict, std::string_view decision);

} // namespace osh::netproxy::core
