#include "tests/netproxy/stack/kernel_link.h"
#include "tests/netproxy/stack/agent.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <deque>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <map>
#include <net/if.h>
#include <net/route.h>
#include <poll.h>
#include <random>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/signal.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

namespace osh::netproxy::stack::test
{
namespace
{

constexpr int kSkip = 77;
constexpr int kMtu = 65520;
constexpr Duration kLongestRun = 60s;

Instant now_of_kernel()
{
    timespec time{};
    clock_gettime(CLOCK_MONOTONIC, &time);
    return {time.tv_sec * 1'000'000'000 + time.tv_nsec};
}

int skip(char const* what)
{
    std::fprintf(stderr, "skip: %s: %s\n", what, std::strerror(errno));
    return -1;
}

struct AddressRequest6 { // linux/ipv6.h: in6_ifreq
    in6_addr address;
    std::uint32_t prefix_length;
    int interface_index;
};

// The kernel makes a new IPv6 address usable in a work item of its own: wait for it, not for long.
int await_v6()
{
    sockaddr_in6 own{};
    own.sin6_family = AF_INET6;
    inet_pton(AF_INET6, "fd00::15", &own.sin6_addr);
    for (int i = 0; i < 1000; ++i) {
        int const probe = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        int const bound = bind(probe, static_cast<sockaddr*>(static_cast<void*>(&own)), sizeof own);
        close(probe);
        if (bound == 0)
            return 0;
        poll(nullptr, 0, 1);
    }
    return skip("the IPv6 address does not become usable");
}

int add_v6(int index)
{
    int const control = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    AddressRequest6 address{{}, 128, index};
    inet_pton(AF_INET6, "fd00::15", &address.address);
    in6_rtmsg route{};
    route.rtmsg_flags = RTF_UP;
    route.rtmsg_metric = 1;
    route.rtmsg_ifindex = index;
    if (ioctl(control, SIOCSIFADDR, &address) != 0 || ioctl(control, SIOCADDRT, &route) != 0)
        return skip("IPv6 address and route");
    close(control);
    return await_v6();
}

int configure(ifreq& request)
{
    int const control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    inet_pton(AF_INET, "10.0.2.15", &address.sin_addr);
    std::memcpy(&request.ifr_addr, &address, sizeof address);
    if (ioctl(control, SIOCSIFADDR, &request) != 0)
        return skip("SIOCSIFADDR");
    request.ifr_mtu = kMtu;
    if (ioctl(control, SIOCSIFMTU, &request) != 0)
        return skip("SIOCSIFMTU");
    request.ifr_flags = IFF_UP | IFF_RUNNING;
    if (ioctl(control, SIOCSIFFLAGS, &request) != 0)
        return skip("SIOCSIFFLAGS");
    rtentry route{};
    address.sin_addr.s_addr = 0;
    std::memcpy(&route.rt_dst, &address, sizeof address);
    std::memcpy(&route.rt_genmask, &address, sizeof address);
    route.rt_flags = RTF_UP;
    route.rt_dev = request.ifr_name;
    if (ioctl(control, SIOCADDRT, &route) != 0)
        return skip("SIOCADDRT");
    if (ioctl(control, SIOCGIFINDEX, &request) != 0)
        return skip("SIOCGIFINDEX");
    close(control);
    return add_v6(request.ifr_ifindex);
}

int open_link()
{
    if (unshare(CLONE_NEWUSER | CLONE_NEWNET) != 0)
        return skip("unshare(CLONE_NEWUSER | CLONE_NEWNET)");
    int const tun = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (tun < 0)
        return skip("/dev/net/tun");
    ifreq request{};
    std::strcpy(request.ifr_name, "osh0");
    request.ifr_flags = IFF_TUN | IFF_NO_PI | IFF_VNET_HDR;
    if (ioctl(tun, TUNSETIFF, &request) != 0)
        return skip("TUNSETIFF");
    if (ioctl(tun, TUNSETOFFLOAD, TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6) != 0)
        return skip("TUNSETOFFLOAD");
    return configure(request) == 0 ? tun : -1;
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
        case 13: return count(flow, found->second);
        case 19: return generate(flow, found->second);
        default: return;
        }
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
    int const tun = open_link();
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
