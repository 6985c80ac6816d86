#include "tests/netproxy/stack/kernel_link.h"
#include "tests/netproxy/stack/agent.h"
#include "tests/netproxy/stack/kernel_tun.h"

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <map>
#include <poll.h>
#include <random>
#include <sys/prctl.h>
#include <sys/signal.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace osh::netproxy::stack::test
{
namespace
{

constexpr int kSkip = 77;
constexpr Duration kLongestRun = 60s;

Instant now_of_kernel()
{
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return {time.tv_sec * 1'000'000'000 + time.tv_nsec};
}

class Application
{
public:
    Application(int tun, LinkOptions const& options)
        : tun_(tun), faults_(options.faults), random_(options.faults.seed),
          stack_({*IpAddress::parse("10.0.2.2"), *IpAddress::parse("fd00::2"),
                     *IpAddress::parse("10.0.2.15"), *IpAddress::parse("fd00::15")},
              limits_of(options), 42)
    {
    }

    void turn()
    {
        Instant const now = now_of_kernel();
        stack_.handle_time(now);
        read_packets(now);
        stack_.take_events(events_);
        for (Event const& event : events_)
            std::visit([&](auto const& one) { take(one, now); }, event);
        write_packets(now);
        wait();
    }

private:
    struct Served {
        std::uint16_t port = 0;
        StreamSum sum;
        std::uint64_t asked = 0, sent = 0;
        bool has_asked = false, has_answered = false;
    };

    static Limits limits_of(LinkOptions const& options)
    {
        Limits limits;
        limits.receive_ring = options.receive_ring;
        limits.send_ring = options.send_ring;
        return limits;
    }

    bool happens(unsigned per_thousand) { return random_() % 1000 < per_thousand; }

    void read_packets(Instant now)
    {
        for (int i = 0; i < 64; ++i) {
            ssize_t const size = read(tun_, buffer_.data(), buffer_.size());
            if (size <= 0)
                return;
            Bytes const packet = Bytes(buffer_).first(static_cast<std::size_t>(size));
            if (happens(faults_.cut))
                stack_.handle_packet(packet.first(random_() % packet.size()), now);
            else if (happens(faults_.delayed))
                late_in_.emplace_back(packet.begin(), packet.end());
            else if (!happens(faults_.lost))
                take_whole(packet, now);
        }
    }

    void take_whole(Bytes packet, Instant now)
    {
        stack_.handle_packet(packet, now);
        if (happens(faults_.doubled))
            stack_.handle_packet(packet, now);
        for (; !late_in_.empty() && happens(500); late_in_.pop_front())
            stack_.handle_packet(late_in_.front(), now);
    }

    void emit(std::vector<iovec> const& parts)
    {
        // A full queue loses packets, and what was cut is refused.
        [[maybe_unused]] auto const size =
            writev(tun_, parts.data(), static_cast<int>(parts.size()));
    }

    void emit_late(Bytes packet) { emit({{const_cast<std::byte*>(packet.data()), packet.size()}}); }

    void write_packets(Instant now)
    {
        PacketOut out;
        while (stack_.next_packet(out, now)) {
            std::vector<iovec> const parts{{out.header.data(), out.header_size},
                {const_cast<std::byte*>(out.payload[0].data()), out.payload[0].size()},
                {const_cast<std::byte*>(out.payload[1].data()), out.payload[1].size()}};
            if (happens(faults_.lost))
                continue;
            if (happens(faults_.delayed) || happens(faults_.cut)) {
                late_out_.push_back(joined(out));
                if (happens(faults_.cut * 10)) // the kernel gets a part of it
                    late_out_.back().resize(out.header_size - 20);
                continue;
            }
            emit(parts);
            if (happens(faults_.doubled))
                emit(parts);
            for (; !late_out_.empty() && happens(500); late_out_.pop_front())
                emit_late(late_out_.front());
        }
    }

    void wait()
    {
        Instant const deadline = stack_.next_deadline();
        Duration const rest = deadline.is_never() ? 20ms : deadline - now_of_kernel();
        pollfd waiting{tun_, POLLIN, 0};
        timespec const time{
            0, std::clamp<std::int64_t>(Duration(rest).count(), 0, Duration(20ms).count())};
        ppoll(&waiting, 1, &time, nullptr);
    }

    void take(TcpOpened const& event, Instant now)
    {
        std::uint16_t const port = event.tuple.destination_port;
        if (port == 9)
            return stack_.refuse(event.flow);
        if (port == 10)
            return stack_.refuse(event.flow, Unreachable::Host);
        served_[event.flow].port = port;
        stack_.accept(event.flow, now);
    }

    void take(TcpClosed const& event, Instant) { served_.erase(event.flow); }
    void take(TcpReadable const& event, Instant) { serve(event.flow); }
    void take(TcpWritable const& event, Instant) { serve(event.flow); }
    void take(DnsAsked const& event, Instant)
    {
        bool const is_known = event.name == "known.example";
        stack_.answer_dns(event.question, is_known ? DnsReply::Address : DnsReply::NameError,
            *IpAddress::parse(event.type == 28 ? "fd00::77" : "198.18.0.77"), 60);
    }
    void take(UdpReceived const& event, Instant)
    {
        if (event.tuple.destination_port == 7)
            stack_.send_udp(event.tuple, event.payload);
        else
            stack_.refuse_udp(event.tuple, Unreachable::Port);
    }

    void serve(FlowId flow)
    {
        auto const found = served_.find(flow);
        if (found == served_.end())
            return;
        switch (found->second.port) {
        case 7: return echo(flow);
        case 11:
            if (!stack_.received(flow).empty())
                stack_.reset(flow);
            return;
        case 12:
            if (!stack_.received(flow).empty())
                stack_.finish(flow);
            return stack_.consume(flow, stack_.received(flow).size());
        case 13: return count(flow, found->second);
        case 19: return generate(flow, found->second);
        case 21: return tell_flows(flow);
        default: return;
        }
    }

    void tell_flows(FlowId flow)
    {
        if (stack_.received(flow).empty() || stack_.send_space(flow).size() < sizeof(std::uint64_t))
            return;
        stack_.consume(flow, 1);
        std::uint64_t const flows = stack_.flow_count();
        std::memcpy(stack_.send_space(flow).data(), &flows, sizeof flows);
        stack_.commit(flow, sizeof flows);
    }

    void echo(FlowId flow)
    {
        for (;;) {
            Bytes const in = stack_.received(flow);
            if (in.empty())
                break;
            MutableBytes const out = stack_.send_space(flow);
            std::size_t const size = std::min(in.size(), out.size());
            if (size == 0)
                return;
            std::memcpy(out.data(), in.data(), size);
            stack_.commit(flow, size);
            stack_.consume(flow, size);
        }
        if (stack_.peer_finished(flow))
            stack_.finish(flow);
    }

    void count(FlowId flow, Served& served)
    {
        for (Bytes in = stack_.received(flow); !in.empty(); in = stack_.received(flow)) {
            served.sum.add(in);
            stack_.consume(flow, in.size());
        }
        if (!stack_.peer_finished(flow) || served.has_answered)
            return;
        served.has_answered = true;
        std::uint64_t const answer[2] = {served.sum.count(), served.sum.digest()};
        MutableBytes const out = stack_.send_space(flow);
        std::memcpy(out.data(), answer, sizeof answer);
        stack_.commit(flow, sizeof answer);
        stack_.finish(flow);
    }

    void generate(FlowId flow, Served& served)
    {
        if (!served.has_asked) {
            Bytes const in = stack_.received(flow);
            if (in.size() < sizeof served.asked)
                return;
            std::memcpy(&served.asked, in.data(), sizeof served.asked);
            stack_.consume(flow, sizeof served.asked);
            served.has_asked = true;
        }
        while (served.sent < served.asked) {
            MutableBytes const out = stack_.send_space(flow);
            if (out.empty())
                return;
            std::size_t const size =
                std::min<std::uint64_t>(out.size(), served.asked - served.sent);
            for (std::size_t i = 0; i < size; ++i)
                out[i] = stream_byte(served.sent + i);
            served.sent += size;
            stack_.commit(flow, size);
        }
        stack_.finish(flow);
    }

    int tun_;
    Faults faults_;
    std::minstd_rand random_;
    Stack stack_;
    std::vector<Event> events_;
    std::vector<std::byte> buffer_ = std::vector<std::byte>(65536 + 128);
    std::deque<std::vector<std::byte>> late_in_, late_out_;
    std::map<FlowId, Served> served_;
};

[[noreturn]] void serve_client(LinkOptions const& options, std::function<int()> const& client)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    int const tun = open_kernel_tun();
    if (tun < 0)
        _exit(kSkip);
    pid_t const child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(tun);
        _exit(client());
    }
    Application application(tun, options);
    Instant const end = now_of_kernel() + kLongestRun;
    int status = 0;
    while (waitpid(child, &status, WNOHANG) == 0) {
        if (now_of_kernel() > end) {
            std::fprintf(stderr, "the client did not end in time\n");
            kill(child, SIGKILL);
            waitpid(child, &status, 0);
            _exit(99);
        }
        application.turn();
    }
    _exit(WIFEXITED(status) ? WEXITSTATUS(status) : 98);
}

} // namespace

std::string run_over_kernel_link(LinkOptions const& options, std::function<int()> const& client)
{
    std::fflush(nullptr);
    pid_t const child = fork();
    if (child == 0)
        serve_client(options, client);
    int status = 0;
    waitpid(child, &status, 0);
    if (!WIFEXITED(status))
        return "the stack's process was ended by signal " + std::to_string(WTERMSIG(status));
    if (WEXITSTATUS(status) == kSkip)
        return "skip: no namespaces or no TUN on this machine (cause above)";
    if (WEXITSTATUS(status) != 0)
        return "the client ended with " + std::to_string(WEXITSTATUS(status));
    return "";
}

} // namespace osh::netproxy::stack::test
