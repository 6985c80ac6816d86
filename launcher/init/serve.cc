#include "launcher/init/serve.h"

#include "launcher/broker/broker.h"
#include "launcher/sys/channel.h"
#include "launcher/sys/children.h"
#include "launcher/sys/entry_calls.h"
#include "launcher/sys/pty.h"
#include "launcher/sys/socket.h"

#include <csignal>
#include <utility>

namespace osh::launcher
{
namespace
{

constexpr std::size_t kMostQueries = 64; // answered together; the others have their turn then
constexpr unsigned kMostReports = 512;   // of the broker, before an answer; it says 256 unasked

class Server
{
public:
    explicit Server(ServeParts parts) : parts_(std::move(parts)) {}

    int run()
    {
        while (!is_over_) {
            auto const ready = sys::wait_readable({&parts_.channel, &parts_.children,
                parts_.owners.is_open() ? &parts_.owners : nullptr, parts_.lookup.watched(),
                parts_.broker.is_open() ? &parts_.broker : nullptr,
                parts_.watch.is_open() ? &parts_.watch : nullptr});
            if (!ready.ok())
                return 1;
            if ((*ready)[1])
                reap();
            if (!is_over_ && (*ready)[0])
                hear_supervisor();
            if (!is_over_ && (*ready)[2])
                hear_netproxy();
            if (!is_over_ && (*ready)[3])
                parts_.lookup.hear_watched();
            if (!is_over_ && (*ready)[4])
                hear_broker();
            if (!is_over_ && (*ready)[5])
                hear_watch();
        }
        return 0;
    }

private:
    void tell(FromInit const& word)
    {
        if (!sys::send_message(parts_.channel, encode(word)).ok())
            is_over_ = true;
    }

    void reap()
    {
        sys::drain_signals(parts_.children);
        while (auto const change = sys::next_child_change()) {
            if (change->pid != parts_.agent)
                continue;
            if (change->kind == sys::ChildChange::Kind::Stopped) {
                tell(WordStopped{change->value});
                continue;
            }
            tell(WordEnded{change->kind == sys::ChildChange::Kind::Killed, change->value});
            is_over_ = true;
        }
    }

    void hear_supervisor()
    {
        auto const received = sys::receive_message(parts_.channel, kMaxWord);
        if (!received.ok() || received->bytes.empty()) {
            is_over_ = true; // the supervisor is gone, and the agent goes with it
            return;
        }
        auto const word = decode_to_init(received->bytes);
        if (!word.ok())
            return;
        if (auto const* signal = std::get_if<WordSignal>(&*word))
            sys::signal_group(target_group(), signal->number);
        else if (auto const* connect = std::get_if<WordConnect>(&*word))
            connect_inside(*connect);
        else if (std::holds_alternative<WordListListeners>(*word))
            tell(WordListeners{parts_.lookup.listeners()});
    }

    // Never waits: whoever asked sees on the socket how the connection came out.
    void connect_inside(WordConnect const& word)
    {
        auto const address =
            IpAddress::parse(word.is_v6 ? std::string_view("::1") : std::string_view("127.0.0.1"));
        auto socket = sys::start_connect(*address, word.port);
        if (!socket.ok())
            return tell(WordConnecting{word.id, socket.error().sys_errno});
        auto const message = encode(FromInit(WordConnecting{word.id, 0}));
        if (!sys::send_message(parts_.channel, message, {&*socket}).ok())
            is_over_ = true;
    }

    std::int32_t target_group() const
    {
        if (!parts_.terminal.is_open())
            return parts_.agent;
        auto const group = sys::foreground_group(parts_.terminal);
        // 0: a group that is not of this PID namespace; never signal "everybody".
        return group.ok() && *group > 1 ? *group : parts_.agent;
    }

    // All questions that wait are answered together, but for a first one that takes no walk: its
    // connect() waits for nothing else.
    void hear_netproxy()
    {
        std::vector<policy::OwnerQuery> queries;
        bool is_first = true;
        while (queries.size() < kMostQueries && parts_.owners.is_open()) {
            auto const received =
                sys::receive_message(parts_.owners, policy::kMaxOwnerMessage, sys::Wait::No);
            if (!received.ok() && received.error().code == Errc::Busy)
                break;
            if (!received.ok() || received->bytes.empty()) {
                parts_.owners.reset(); // the supervisor sees it, and ends the agent
                return;
            }
            auto const query = policy::decode_owner_query(received->bytes);
            if (query.ok())
                queries.push_back(*query);
            bool const is_quick = query.ok() && query->depth != policy::OwnerDepth::Proven;
            if (std::exchange(is_first, false) && is_quick)
                answer(std::exchange(queries, {}));
        }
        answer(queries);
    }

    void answer(std::vector<policy::OwnerQuery> const& queries)
    {
        // What the broker said of a connection came before its first packet. It waits for an answer
        // to each question, so what comes after that many is later.
        for (unsigned i = 0; i < kMostReports && !is_over_ && parts_.broker.is_open()
                             && sys::has_input_or_end(parts_.broker);
             ++i)
            hear_broker();
        if (queries.empty() || !parts_.owners.is_open())
            return;
        for (auto const& answer : parts_.lookup.answer(queries)) {
            // One that does not take its answers (stopped, or drowned) goes without: it denies
            // then.
            auto const sent =
                sys::send_message(parts_.owners, policy::encode(answer), {}, sys::WhenFull::Fail);
            if (sent.ok() || sent.error().code == Errc::Busy)
                continue;
            parts_.owners.reset();
            return;
        }
    }

    // Its one word, that it watches; then its end.
    void hear_watch()
    {
        auto const received = sys::receive_message(parts_.watch, kMaxReport);
        if (received.ok() && !received->bytes.empty())
            return;
        tell(WordFailed{"mask watch", "the process that covers hidden files ended", 70});
        is_over_ = true;
    }

    void hear_broker()
    {
        // An answer to netproxy may have heard already what made it readable.
        auto const received = sys::receive_message(parts_.broker, kMaxReport, sys::Wait::No);
        if (!received.ok() && received.error().code == Errc::Busy)
            return;
        if (!received.ok() || received->bytes.empty()) {
            // Without it no name can be made; an agent that goes on would only meet errors.
            tell(WordFailed{"broker", "the process that makes the agent's files ended", 70});
            is_over_ = true;
            return;
        }
        auto const report = decode_report(received->bytes);
        if (!report.ok())
            return;
        if (auto const* refused = std::get_if<RefusedName>(&*report)) {
            tell(WordRefused{refused->path, refused->why});
        } else if (auto const* trace = std::get_if<TraceQuestion>(&*report)) {
            sys::Notification call;
            call.thread = trace->thread;
            call.arguments = {trace->request, trace->target, 0, 0, 0, 0};
            answer_broker(parts_.lookup.may_trace(call) ? kMayTrace : std::uint8_t{0});
        } else if (auto const* connect = std::get_if<ConnectQuestion>(&*report)) {
            parts_.lookup.look_at_opener(connect->thread, connect->descriptor);
            answer_broker(0);
        } else {
            parts_.lookup.opener_stands();
        }
    }

    void answer_broker(std::uint8_t word)
    {
        std::byte const answer{word};
        if (!sys::send_message(parts_.broker, {&answer, 1}).ok())
            parts_.broker.reset();
    }

    ServeParts parts_;
    bool is_over_ = false;
};

} // namespace

int serve(ServeParts parts)
{
    return Server(std::move(parts)).run();
}

} // namespace osh::launcher
