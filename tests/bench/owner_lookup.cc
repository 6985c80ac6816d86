// How long "who owns this flow" takes on its real path: a question over a channel to a process that
// stands where init stands, sock_diag, /proc, and the answer back. Prints medians; fails when what
// is shown of a process takes longer than its bar. A proof walks through all processes each time,
// so it grows with OTHERS, the other processes of the session.
//
//     owner_lookup [COUNT [OTHERS]]
//
// In namespaces of its own, with a /proc that shows only what belongs to it, as in a sandbox.

#include "launcher/init/owner_lookup.h"
#include "launcher/plan/plan.h"
#include "launcher/sys/channel.h"
#include "launcher/sys/event_loop.h"
#include "launcher/sys/network.h"
#include "launcher/sys/proc_view.h"
#include "launcher/sys/socket.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <fmt/core.h>
#include <memory>
#include <netinet/in.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace osh;

namespace
{

constexpr int kCount = 1000, kOthers = 6;
constexpr double kNewBar = 150, kKnownBar = 30; // microseconds, issue "Identity"

void must(bool is_well, char const* what)
{
    if (is_well)
        return;
    std::perror(what);
    std::exit(1);
}

sockaddr_in loopback(std::uint16_t port)
{
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

sockaddr* raw(sockaddr_in& address)
{
    return static_cast<sockaddr*>(static_cast<void*>(&address));
}

std::uint16_t own_port(int socket)
{
    sockaddr_in address{};
    socklen_t size = sizeof address;
    must(::getsockname(socket, raw(address), &size) == 0, "getsockname");
    return ntohs(address.sin_port);
}

int connected_to(std::uint16_t port)
{
    int const socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    auto address = loopback(port);
    must(::connect(socket, raw(address), sizeof address) == 0, "connect");
    return socket;
}

// As launcher/init/serve.cc answers.
[[noreturn]] void serve(sys::Fd channel)
{
    sys::Fd proc = sys::Fd::adopt_raw_fd(::open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    std::string const home = sys::read_link(proc, "self/ns/mnt");
    auto lookup = launcher::OwnerLookup::create(
        std::move(proc), {launcher::TraceMarks(launcher::Plan{}), sys::Fd(), false}, home);
    must(lookup.ok(), "cannot open sock_diag");
    for (;;) {
        auto const received = sys::receive_message(channel, policy::kMaxOwnerMessage);
        if (!received.ok() || received->bytes.empty())
            ::_exit(0);
        auto const query = policy::decode_owner_query(received->bytes);
        must(query.ok(), "a malformed question");
        for (auto const& answer : lookup->answer({&*query, 1}))
            must(sys::send_message(channel, policy::encode(answer)).ok(), "send");
    }
}

// A program that connects, says from which port, and stays until it is told to go.
[[noreturn]] void be_client(char const* port_text)
{
    int const socket = connected_to(static_cast<std::uint16_t>(std::atoi(port_text)));
    std::uint16_t const port = own_port(socket);
    must(::write(STDOUT_FILENO, &port, sizeof port) == sizeof port, "write");
    char byte = 0;
    ::_exit(::read(STDIN_FILENO, &byte, 1) < 0 ? 1 : 0);
}

class Client
{
public:
    explicit Client(std::uint16_t server)
    {
        int in[2], out[2];
        must(::pipe2(in, O_CLOEXEC) == 0 && ::pipe2(out, O_CLOEXEC) == 0, "pipe2");
        auto const text = std::to_string(server);
        pid_ = ::fork();
        if (pid_ == 0) {
            ::dup2(in[0], STDIN_FILENO);
            ::dup2(out[1], STDOUT_FILENO);
            ::execl("/proc/self/exe", "owner_lookup", "client", text.c_str(), nullptr);
            ::_exit(127);
        }
        ::close(in[0]);
        ::close(out[1]);
        must(::read(out[0], &port, sizeof port) == sizeof port, "the client said nothing");
        ::close(out[0]);
        stay_ = in[1];
    }
    ~Client()
    {
        ::close(stay_);
        ::waitpid(pid_, nullptr, 0);
    }
    Client(Client const&) = delete;
    Client& operator=(Client const&) = delete;

    std::uint16_t port = 0;

private:
    int pid_ = 0, stay_ = -1;
};

class Bench
{
public:
    Bench(int count, int others) : count_(count), others_(others)
    {
        listener_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        auto address = loopback(0);
        must(::bind(listener_, raw(address), sizeof address) == 0, "bind");
        must(::listen(listener_, 4096) == 0, "listen");
        server_ = own_port(listener_);
        auto channel = sys::make_channel();
        must(channel.ok(), "socketpair");
        if (::fork() == 0) {
            channel->ours.reset();
            serve(std::move(channel->theirs));
        }
        channel_ = std::move(channel->ours);
    }

    bool run()
    {
        for (int i = 0; i < others_; ++i)
            bystanders_.push_back(std::make_unique<Client>(server_));
        using enum policy::OwnerDepth;
        bool const is_well = fresh("new process, shown", Shown) < kNewBar;
        fresh("new process, proven", Proven);
        again("known process, proven", Proven);
        return (again("known process, shown", Shown) < kKnownBar) && is_well;
    }

private:
    double ask(std::uint16_t port, policy::OwnerDepth depth)
    {
        auto const here = *IpAddress::parse("127.0.0.1");
        auto const question =
            policy::encode(policy::OwnerQuery{1, 6, here, here, port, server_, depth});
        auto const from = sys::now();
        must(sys::send_message(channel_, question).ok(), "send");
        auto const received = sys::receive_message(channel_, policy::kMaxOwnerMessage);
        auto const until = sys::now();
        must(received.ok(), "receive");
        auto const answer = policy::decode_owner_answer(received->bytes);
        if (!answer.ok() || answer->holders.size() != 1 || answer->holders[0].process.exe.empty()) {
            fmt::print(stderr, "the owner was not found\n");
            std::exit(1);
        }
        return static_cast<double>((until - from).count()) / 1000;
    }

    double say(char const* what, std::vector<double> times)
    {
        std::ranges::sort(times);
        double const median = times[times.size() / 2];
        fmt::print("{:<24} median {:7.1f} us   p90 {:7.1f} us   n {}\n", what, median,
            times[times.size() * 9 / 10], times.size());
        return median;
    }

    double fresh(char const* what, policy::OwnerDepth depth)
    {
        std::vector<double> times;
        for (int i = 0; i < count_; ++i) {
            Client const client(server_);
            times.push_back(ask(client.port, depth));
        }
        return say(what, std::move(times));
    }

    // One program that opens one connection after the other.
    double again(char const* what, policy::OwnerDepth depth)
    {
        std::vector<double> times;
        for (int i = 0; i < count_; ++i) {
            int const socket = connected_to(server_);
            times.push_back(ask(own_port(socket), depth));
            ::close(socket);
        }
        return say(what, std::move(times));
    }

    int count_, others_;
    int listener_ = -1;
    std::uint16_t server_ = 0;
    sys::Fd channel_;
    std::vector<std::unique_ptr<Client>> bystanders_;
};

void write_file(char const* path, std::string const& text)
{
    int const file = ::open(path, O_WRONLY | O_CLOEXEC);
    must(file >= 0 && ::write(file, text.data(), text.size()) >= 0, path);
    ::close(file);
}

void go_on_in_child()
{
    if (pid_t const child = ::fork(); child != 0) {
        int status = 0;
        ::waitpid(child, &status, 0);
        std::exit(WIFEXITED(status) ? WEXITSTATUS(status) : 1);
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
}

// The second process of new namespaces: the first is never looked at, as it is init.
void enter_sandbox()
{
    auto const user = ::getuid(), group = ::getgid();
    must(::unshare(CLONE_NEWUSER | CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWNET) == 0, "unshare");
    write_file("/proc/self/setgroups", "deny");
    write_file("/proc/self/uid_map", fmt::format("0 {} 1", user));
    write_file("/proc/self/gid_map", fmt::format("0 {} 1", group));
    go_on_in_child();
    must(::mount("proc", "/proc", "proc", 0, nullptr) == 0, "mount /proc");
    must(sys::bring_up_loopback().ok(), "loopback");
    go_on_in_child();
}

} // namespace

int main(int count, char** arguments)
{
    if (count == 3 && std::string_view(arguments[1]) == "client")
        be_client(arguments[2]);
    enter_sandbox();
    auto const number = [&](int place, int otherwise) {
        return count > place ? std::max(std::atoi(arguments[place]), 0) : otherwise;
    };
    return Bench(std::max(number(1, kCount), 1), number(2, kOthers)).run() ? 0 : 1;
}
