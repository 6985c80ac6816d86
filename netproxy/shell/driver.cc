#include "netproxy/shell/driver.h"

#include "launcher/sys/io.h"
#include "launcher/sys/random.h"
#include "launcher/sys/route_question.h"
#include "policy/messages/addresses.h"

#include <algorithm>
#include <malloc.h>

namespace osh::netproxy::shell
{
namespace
{

constexpr std::size_t kMaxNames = 65'534; // of a session: all that the IPv4 pool has
// Beyond it: at 100,000 new names a second each is known for a third of one.
constexpr std::size_t kMaxPassingNames = 32'768;
// An answer takes four microseconds: this many are what one processor gives, and less than a client
// on another one can ask.
constexpr std::uint32_t kDnsPerSecond = 250'000;
constexpr std::size_t kRoundsPerTurn = 64; // events and commands may beget each other: bounded

stack::Addresses addresses()
{
    return {*IpAddress::parse(policy::kGatewayV4), *IpAddress::parse(policy::kGatewayV6),
        *IpAddress::parse(policy::kAgentV4), *IpAddress::parse(policy::kAgentV6),
        *AddressBlock::parse(policy::kPassingV4)};
}

stack::PassingBlocks passing_blocks()
{
    return {*AddressBlock::parse(policy::kPassingV4), *AddressBlock::parse(policy::kPassingV6),
        kMaxPassingNames};
}

stack::Limits limits(policy::Setup const& setup)
{
    stack::Limits limits;
    limits.dns_per_second = kDnsPerSecond;
    limits.max_flows = std::clamp(setup.max_flows, 16u, 65'536u);
    limits.max_flows_per_destination = limits.max_flows / 4 * 3;
    return limits;
}

credentials::AttachKind attach_kind(std::string_view text)
{
    using enum credentials::AttachKind;
    if (text == "header")
        return Header;
    if (text == "basic")
        return Basic;
    if (text == "query")
        return Query;
    if (text == "path")
        return Path;
    if (text == "mtls")
        return Mtls;
    return text == "git" ? Git : Bearer;
}

credentials::LentCredential lent(policy::Lend& lend)
{
    using Mode = credentials::LentCredential::Mode;
    credentials::LentCredential credential;
    credential.name = lend.credential;
    credential.placeholder = lend.placeholder;
    credential.value = credentials::Secret::from(lend.value);
    credentials::wipe(lend.value);
    credential.unavailable_reason = lend.unavailable_reason;
    for (auto const& rule : lend.attach)
        credential.attach.push_back({attach_kind(rule.kind), rule.host, rule.port, rule.path,
            rule.methods, rule.header, rule.value_template, rule.user, rule.param});
    credential.programs = lend.programs;
    credential.mode = lend.mode == "force"          ? Mode::Force
                      : lend.mode == "replace-only" ? Mode::ReplaceOnly
                                                    : Mode::Fill;
    credential.is_optional = lend.optional;
    credential.allows_plaintext = lend.plaintext;
    credential.scrubs = lend.scrub;
    return credential;
}

} // namespace

Driver::Driver(Start start, sys::Fd supervisor, sys::EventLoop loop)
    : setup_(std::move(start.setup)), anchors_(std::move(start.anchors)), loop_(std::move(loop)),
      supervisor_(std::move(supervisor)), init_(std::move(start.init)), tun_(std::move(start.tun)),
      stack_(addresses(), limits(setup_), sys::random_u64()), side_(stack_),
      names_(*AddressBlock::parse(policy::kSyntheticV4), *AddressBlock::parse(policy::kSyntheticV6),
          kMaxNames, passing_blocks()),
      agent_tls_(std::move(start.agent_tls)), policy_(std::move(start.policy))
{
}

Driver::~Driver() = default;

Result<std::unique_ptr<Driver>> Driver::create(Start start, sys::Fd supervisor)
{
    LET(loop, sys::EventLoop::create());
    core::HostsText hosts(start.hosts);
    std::unique_ptr<Driver> driver(
        new Driver(std::move(start), std::move(supervisor), std::move(loop)));
    LET(upstream_tls, proxy::UpstreamTls::create(driver->anchors_));
    driver->upstream_tls_ = std::move(upstream_tls);
    LET(resolver, Resolver::create(driver->loop_, driver->setup_.resolvers, std::move(hosts)));
    driver->resolver_ = std::move(resolver);
    core::Core::Parts const parts{
        driver->side_, driver->names_, *driver->agent_tls_, *driver->upstream_tls_};
    LET(settings, core::settings_from(driver->setup_));
    driver->core_ = std::make_unique<core::Core>(parts, std::move(settings), driver->policy_);
    LET(routes, sys::open_route_questions());
    driver->guard_ = std::make_unique<DialGuard>(std::move(routes));
    driver->upstreams_ = std::make_unique<Upstreams>(driver->loop_, *driver->guard_, *driver->core_,
        [self = driver.get()] { return self->moment(); });
    driver->datagrams_ = std::make_unique<Datagrams>(driver->loop_, *driver->guard_, *driver->core_,
        [self = driver.get()] { return self->moment(); });
    TRY(driver->watch());
    return driver;
}

core::Moment Driver::moment()
{
    constexpr Duration kGoodFor = 100ms; // a clock that was set is noticed within it
    auto const now = sys::now();
    if (wall_.read_at == Instant{} || now - wall_.read_at >= kGoodFor)
        wall_ = {now, sys::wall_now()};
    auto const since = (now - wall_.read_at) / 1ms;
    return {now, WallTime{wall_.time.milliseconds + since}};
}

Result<> Driver::watch()
{
    TRY(supervisor_.start(loop_, [this] { take_orders(); }));
    TRY(init_.start(loop_, [this] { take_owners(); }));
    TRY(sys::set_nonblocking(tun_.fd()));
    LET(watch, loop_.watch(tun_.fd(), sys::Interest::Read, [this](sys::Readiness ready) {
        if (ready.readable)
            note(tun_.read_batch([this, now = sys::now()](Bytes packet) {
                take_packet(packet, now); // what was there when the loop woke
            }));
    }));
    tun_watch_ = watch;
    return {};
}

// What a large packet carries goes on to its upstream from where it lies, if there is room.
void Driver::take_packet(Bytes packet, Instant now)
{
    if (!stack_.lend_packet(packet, now))
        return;
    settle();
    stack_.keep_lent();
}

Result<> Driver::say_ready()
{
    return tell(supervisor_, policy::Ready{});
}

Result<> Driver::run()
{
    while (!has_stopped_ && ending_.ok()) {
        TRY(loop_.run_once(next_deadline()));
        TRY(turn());
    }
    say_last_words();
    return ending_;
}

Instant Driver::next_deadline() const
{
    return std::min({stack_.next_deadline(), core_->next_deadline(), upstreams_->next_deadline(),
        resolver_->next_deadline(sys::now()), heap_.next_deadline()});
}

Result<> Driver::turn()
{
    auto const at = moment();
    stack_.handle_time(at.now);
    core_->handle_time(at);
    upstreams_->handle_time();
    resolver_->handle_time(at.now);
    upstreams_->serve_bulk();
    settle();
    if (std::exchange(has_dialled_, false) && asked_owners_ > 0) {
        take_owners(); // init often takes less time than connect(2)
        settle();
    }
    TRY(tun_.write_all(stack_, sys::now()));
    using Urgent = Upstreams::Urgent;
    upstreams_->end_turn(asked_owners_ > 0 ? Urgent::Yes : Urgent::No);
    say_words();
    watch_tun();
    notice_limit(at);
    auto const held = stack::Limits{}.total_buffer_bytes - stack_.memory_left();
    if (heap_.is_due(held, at.now))
        ::malloc_trim(0);
    return {};
}

// Events of the stack make commands, commands make events: until both are silent.
void Driver::settle()
{
    for (std::size_t round = 0; round < kRoundsPerTurn; ++round) {
        stack_.take_events(events_);
        auto const at = events_.empty() ? core::Moment{} : moment();
        for (auto const& event : events_)
            core_->handle(event, at);
        core_->take_commands(commands_);
        for (auto& command : commands_)
            carry_out(command);
        if (events_.empty() && commands_.empty())
            return;
    }
}

// The agent does not wait for its journal.
void Driver::say_words()
{
    for (auto const& word : words_)
        note(tell(supervisor_, word));
    words_.clear();
}

// connect() inside waits and is refused at last: the person is told why.
void Driver::notice_limit(core::Moment at)
{
    constexpr Duration kOnceIn = 60s;
    auto const refused = stack_.drops().flows;
    if (refused == flows_told_ || at.now < next_flows_notice_)
        return;
    flows_told_ = refused;
    next_flows_notice_ = at.now + kOnceIn;
    core_->too_many_connections(at);
}

void Driver::watch_tun()
{
    if (tun_waits_for_write_ == tun_.is_blocked())
        return;
    tun_waits_for_write_ = tun_.is_blocked();
    note(loop_.change(
        tun_watch_, tun_waits_for_write_ ? sys::Interest::ReadWrite : sys::Interest::Read));
}

void Driver::carry_out(core::Command& command)
{
    if (auto const* attend = std::get_if<core::Attend>(&command))
        upstreams_->attend(attend->upstream);
    else if (auto const* ask = std::get_if<core::AskOwner>(&command))
        ask_init(ask->query);
    else if (auto const* look_up = std::get_if<core::Resolve>(&command))
        resolver_->resolve(look_up->name, [this, id = look_up->id](Addresses const& found) {
            core_->resolved(id, found, moment());
        });
    else if (auto const* records = std::get_if<core::ResolveRecords>(&command))
        resolver_->resolve_records(
            records->name, records->type, [this, id = records->question](FoundRecords found) {
                core_->records_known(id, found.reply, std::move(found.records), moment());
            });
    else if (auto const* dial = std::get_if<core::Dial>(&command)) {
        has_dialled_ = true;
        upstreams_->dial(*dial);
    } else if (auto const* close = std::get_if<core::CloseUpstream>(&command))
        upstreams_->close(*close);
    else if (auto const* open = std::get_if<core::OpenDatagrams>(&command))
        datagrams_->open(*open);
    else if (auto const* datagram = std::get_if<core::SendDatagram>(&command))
        datagrams_->send(*datagram);
    else if (auto const* end = std::get_if<core::CloseDatagrams>(&command))
        datagrams_->close(*end);
    else if (auto* word = std::get_if<core::Tell>(&command))
        words_.push_back(std::move(word->message));
}

void Driver::ask_init(policy::OwnerQuery const& query)
{
    ++asked_owners_;
    note(ask_owner(init_, query));
}

void Driver::take_owners()
{
    do {
        auto answer = receive_owner(init_);
        if (!answer.ok()) {
            if (answer.error().code != Errc::Busy)
                note(std::unexpected(std::move(answer).error()));
            return;
        }
        asked_owners_ -= asked_owners_ > 0 ? 1 : 0; // init may leave one out
        core_->owner_known(*answer, moment());
    } while (asked_owners_ > 0); // else it says for sure that nothing is there
}

void Driver::take_orders()
{
    while (!has_stopped_) {
        auto order = receive_order(supervisor_);
        if (!order.ok()) {
            if (order.error().code != Errc::Busy)
                note(std::unexpected(std::move(order).error()));
            return;
        }
        take_order(*std::move(order));
    }
}

void Driver::take_order(FromSupervisor order)
{
    if (auto* lend = std::get_if<policy::Lend>(&order.message))
        core_->lend(lent(*lend));
    else if (auto const* update = std::get_if<policy::PolicyUpdate>(&order.message))
        swap(*update, order.descriptors);
    else if (auto const* answer = std::get_if<policy::Answer>(&order.message))
        core_->answered(*answer, moment());
    else if (auto const* resolvers = std::get_if<policy::Resolvers>(&order.message))
        reload(*resolvers, order.descriptors);
    else if (std::holds_alternative<policy::Stop>(order.message))
        has_stopped_ = true;
    else
        note(fail(Errc::Malformed, "the supervisor set up the session twice"));
}

// The resolvers of a network that was left answer nobody.
void Driver::reload(policy::Resolvers const& now, std::vector<sys::Fd> const& descriptors)
{
    if (descriptors.size() != 1)
        return note(fail(Errc::Malformed, "new resolvers came without hosts(5)"));
    auto const hosts = sys::read_all(descriptors.front(), kMaxHosts);
    note(resolver_->reload(now.resolvers, core::HostsText(hosts.ok() ? *hosts : "")));
}

// What was dropped, for the report: however the end came, init's end being the first sign of it.
void Driver::say_last_words()
{
    say_words();
    auto const& drops = stack_.drops();
    static_cast<void>(tell(supervisor_,
        policy::Dropped{drops.malformed, drops.fragments, drops.options, drops.unknown_protocol,
            drops.foreign_source, drops.not_unicast, drops.over_limit, core_->names_refused()})
                          .ok()); // a supervisor that is gone needs no report
}

// A policy that does not compile changes nothing: the old one stays in force.
void Driver::swap(policy::PolicyUpdate const& update, std::vector<sys::Fd> const& descriptors)
{
    policy::PolicyLoaded loaded{update.generation, false, "the update came without its text"};
    if (descriptors.size() == 1) {
        auto compiled = compile_layers(descriptors.front(), setup_.default_enforce);
        loaded.ok = compiled.ok();
        loaded.error = compiled.ok() ? "" : compiled.error().sentence;
        if (compiled.ok())
            core_->swap_policy(*std::move(compiled), moment());
    }
    constexpr std::size_t kMaxErrorText = 32 * 1024; // of a message of 60 KiB, after escaping
    loaded.error.resize(std::min(loaded.error.size(), kMaxErrorText));
    note(tell(supervisor_, loaded));
}

void Driver::note(Result<> const& outcome)
{
    if (!outcome.ok() && ending_.ok())
        ending_ = std::unexpected(outcome.error());
}

} // namespace osh::netproxy::shell
