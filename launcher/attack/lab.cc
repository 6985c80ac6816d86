#include "launcher/attack/lab.h"

#include "launcher/sys/io.h"
#include "launcher/sys/proc_view.h"
#include "launcher/sys/random.h"

#include <arpa/inet.h>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <ifaddrs.h>
#include <memory>
#include <netinet/in.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace osh::attack
{
namespace
{

using osh::fail_errno;
using sys::Fd;

constexpr int kFifoTurn = 100; // milliseconds between looks whether the FIFO was emptied

std::string random_word()
{
    constexpr char kDigits[] = "0123456789abcdef";
    std::string word;
    for (int half = 0; half < 2; ++half)
        for (auto [number, i] = std::pair{sys::random_u64(), 0}; i < 16; ++i, number >>= 4)
            word += kDigits[number & 15];
    return word;
}

osh::Result<> write_new(std::string const& path, std::string_view text, mode_t mode = 0600)
{
    int const raw =
        ::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode);
    Fd const file = Fd::adopt_raw_fd(raw);
    if (!file.is_open())
        return fail_errno(errno, "cannot make " + path);
    return sys::write_all(file, text);
}

osh::Result<> make_folder(std::string const& path)
{
    if (::mkdir(path.c_str(), 0700) != 0)
        return fail_errno(errno, "cannot make " + path);
    return {};
}

// Depth first, no link is followed; bounded by what the lab and the attempts can have made.
void remove_tree(int parent, char const* name, int depth)
{
    constexpr int kDeepest = 6;
    if (::unlinkat(parent, name, 0) == 0 || depth > kDeepest)
        return;
    int const folder = ::openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (folder >= 0) {
        sys::for_each_entry(
            Fd::adopt_raw_fd(::dup(folder)), ".", 1024, [&](std::string_view entry) {
                if (entry != "." && entry != "..")
                    remove_tree(folder, std::string(entry).c_str(), depth + 1);
                return true;
            });
        ::close(folder);
    }
    ::unlinkat(parent, name, AT_REMOVEDIR);
}

Fd listening(int family, int type, sockaddr const* address, socklen_t size)
{
    Fd made = Fd::adopt_raw_fd(::socket(family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (::bind(made.raw(), address, size) != 0)
        return {};
    if (type == SOCK_STREAM && ::listen(made.raw(), 8) != 0)
        return {};
    return made;
}

std::string port_of(Fd const& made)
{
    sockaddr_in address{};
    socklen_t size = sizeof address;
    ::getsockname(made.raw(), reinterpret_cast<sockaddr*>(&address), &size);
    return std::to_string(ntohs(address.sin_port));
}

struct FreeAddresses {
    void operator()(ifaddrs* list) const { ::freeifaddrs(list); }
};

std::string own_address()
{
    ifaddrs* raw = nullptr;
    if (::getifaddrs(&raw) != 0)
        return {};
    std::unique_ptr<ifaddrs, FreeAddresses> const list(raw);
    for (auto const* one = raw; one != nullptr; one = one->ifa_next) {
        if (one->ifa_addr == nullptr || one->ifa_addr->sa_family != AF_INET)
            continue;
        auto const* address = reinterpret_cast<sockaddr_in const*>(one->ifa_addr);
        if (ntohl(address->sin_addr.s_addr) >> 24 == IN_LOOPBACKNET)
            continue;
        std::array<char, INET_ADDRSTRLEN> text{};
        ::inet_ntop(AF_INET, &address->sin_addr, text.data(), text.size());
        return text.data();
    }
    return {};
}

} // namespace

osh::Result<Lab> Lab::set_up(LabPlaces const& places)
{
    Lab lab;
    lab.nonce_ = random_word();
    TRY(lab.make_folders(places));
    TRY(lab.make_project(places));
    TRY(lab.open_doors(places));
    TRY(lab.listen_on_network());
    lab.find_real_doors(places);
    LET(servant, sys::clone_process({}, [&] { return lab.serve(); }));
    lab.servant_ = std::move(servant);
    lab.targets_["victim"] = std::to_string(lab.servant_.pid);
    lab.targets_["victim-address"] =
        std::to_string(reinterpret_cast<std::uintptr_t>(lab.nonce_.data()));
    return lab;
}

osh::Result<> Lab::make_folders(LabPlaces const& places)
{
    std::string const name = "osh-attack-" + nonce_;
    targets_["nonce"] = nonce_;
    targets_["home"] = places.home;
    int error = 0;
    targets_["machine-id"] = read_whole("/etc/machine-id", error).substr(0, 32);
    std::string const home = places.home + "/." + name;
    TRY(make_folder(home));
    trees_.push_back(home);
    targets_["home-file"] = home + "/secret";
    TRY(write_new(home + "/secret", nonce_));
    for (auto const& [key, folder] :
        {std::pair{"tmp", std::string("/tmp/")}, std::pair{"shm", std::string("/dev/shm/")}}) {
        // A place that this machine has not is an attempt less, not an error.
        if (!make_folder(folder + name).ok())
            continue;
        trees_.push_back(folder + name);
        TRY(write_new(folder + name + "/secret", nonce_));
        targets_[std::string(key) + "-file"] = folder + name + "/secret";
    }
    return {};
}

osh::Result<> Lab::make_project(LabPlaces const& places)
{
    project_ = trees_.front() + "/project";
    targets_["project"] = project_;
    TRY(make_folder(project_));
    for (char const* folder : {"/.git", "/.git/hooks", "/.git/objects", "/.git/refs", "/secrets"})
        TRY(make_folder(project_ + folder));
    TRY(write_new(project_ + "/.git/HEAD", "ref: refs/heads/main\n"));
    TRY(write_new(project_ + "/.git/config", "[core]\n\trepositoryformatversion = 0\n"));
    TRY(write_new(project_ + "/.env", "KEY=" + nonce_ + "\n"));
    TRY(write_new(project_ + "/secrets/key", nonce_));
    targets_["env-file"] = project_ + "/.env";
    targets_["secrets-file"] = project_ + "/secrets/key";
    LET(helper, sys::open_path(places.helper, O_RDONLY));
    constexpr std::size_t kMaxHelper = 32 * 1024 * 1024;
    LET(program, sys::read_all(helper, kMaxHelper));
    TRY(write_new(project_ + "/osh-attack", program, 0700));
    std::string const fifo = project_ + "/fifo";
    if (::mkfifo(fifo.c_str(), 0600) != 0)
        return fail_errno(errno, "cannot make " + fifo);
    targets_["project-fifo"] = fifo;
    LET(open, sys::open_path(fifo, O_RDWR | O_NONBLOCK));
    fifo_ = std::move(open);
    return {};
}

osh::Result<> Lab::open_doors(LabPlaces const& places)
{
    TRY(listen_at("home-socket", trees_.front() + "/s"));
    TRY(listen_at("project-socket", project_ + "/s"));
    TRY(listen_at("abstract-socket", "@osh-attack-" + nonce_));
    if (targets_.contains("tmp-file"))
        TRY(listen_at("tmp-socket", "/tmp/osh-attack-" + nonce_ + "/s"));
    if (!places.runtime.empty()
        && listen_at("runtime-socket", places.runtime + "/osh-attack-" + nonce_).ok())
        files_.push_back(places.runtime + "/osh-attack-" + nonce_);
    return {};
}

osh::Result<> Lab::listen_at(std::string const& name, std::string const& path)
{
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return {}; // such a home has no room for a socket: the attempt is left out
    std::memcpy(address.sun_path, path.data(), path.size());
    bool const is_abstract = path.starts_with('@');
    if (is_abstract)
        address.sun_path[0] = '\0';
    auto const size = static_cast<socklen_t>(
        offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1));
    Fd made = listening(AF_UNIX, SOCK_STREAM, reinterpret_cast<sockaddr const*>(&address), size);
    if (!made.is_open())
        return fail_errno(errno, "cannot listen at " + path);
    streams_.push_back(std::move(made));
    targets_[name] = path;
    return {};
}

osh::Result<> Lab::listen_on_network()
{
    sockaddr_in any{};
    any.sin_family = AF_INET;
    auto const* address = reinterpret_cast<sockaddr const*>(&any);
    targets_["loopback"] = "127.0.0.1";
    targets_["address"] = own_address();
    Fd stream = listening(AF_INET, SOCK_STREAM, address, sizeof any);
    if (stream.is_open()) {
        targets_["tcp-port"] = port_of(stream);
        streams_.push_back(std::move(stream));
    }
    for (char const* name : {"udp-port", "dns-port"}) {
        Fd datagram = listening(AF_INET, SOCK_DGRAM, address, sizeof any);
        if (!datagram.is_open())
            continue;
        targets_[name] = port_of(datagram);
        datagrams_.push_back(std::move(datagram));
    }
    return {};
}

void Lab::find_real_doors(LabPlaces const& places)
{
    auto const& runtime = places.runtime;
    auto const variable = [&](char const* name) {
        auto const found = places.environment.find(name);
        return found == places.environment.end() ? std::string() : found->second;
    };
    std::string bus = variable("DBUS_SESSION_BUS_ADDRESS");
    bus = bus.starts_with("unix:path=") ? bus.substr(10, bus.find(',') - 10) : runtime + "/bus";
    std::vector<std::pair<std::string, std::string>> const doors{{"bus", bus},
        {"docker", "/run/docker.sock"}, {"podman", runtime + "/podman/podman.sock"},
        {"ssh-agent", variable("SSH_AUTH_SOCK")}, {"gpg-agent", runtime + "/gnupg/S.gpg-agent"},
        {"wayland", runtime + "/wayland-0"}, {"x11", "/tmp/.X11-unix/X0"},
        {"pipewire", runtime + "/pipewire-0"}, {"pulse", runtime + "/pulse/native"},
        {"systemd", runtime + "/systemd/private"}};
    for (auto const& [name, path] : doors) {
        struct stat seen {
        };
        if (!path.empty() && ::stat(path.c_str(), &seen) == 0 && S_ISSOCK(seen.st_mode))
            targets_["door-" + name] = path;
    }
}

void Lab::answer(std::size_t number) const
{
    if (number < streams_.size()) {
        int const raw = ::accept4(streams_[number].raw(), nullptr, nullptr, SOCK_CLOEXEC);
        Fd const peer = Fd::adopt_raw_fd(raw);
        (void)!::send(raw, nonce_.data(), nonce_.size(), MSG_NOSIGNAL);
        return;
    }
    int const raw = datagrams_[number - streams_.size()].raw();
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    char byte = 0;
    auto* address = reinterpret_cast<sockaddr*>(&from);
    if (::recvfrom(raw, &byte, 1, 0, address, &size) >= 0)
        ::sendto(raw, nonce_.data(), nonce_.size(), 0, address, size);
}

// The program outside that the attempts try to reach: tells the word to whoever comes.
int Lab::serve() const
{
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::signal(SIGPIPE, SIG_IGN);
    if (::chdir(trees_.front().c_str()) != 0)
        return 1;
    std::vector<pollfd> waiting;
    for (auto const* list : {&streams_, &datagrams_})
        for (auto const& one : *list)
            waiting.push_back({one.raw(), POLLIN, 0});
    for (;;) {
        int pending = 0;
        if (::ioctl(fifo_.raw(), FIONREAD, &pending) == 0 && pending == 0)
            (void)!::write(fifo_.raw(), nonce_.data(), nonce_.size());
        if (::poll(waiting.data(), waiting.size(), kFifoTurn) < 0 && errno != EINTR)
            return 1;
        for (std::size_t i = 0; i < waiting.size(); ++i)
            if ((waiting[i].revents & POLLIN) != 0)
                answer(i);
    }
}

std::vector<std::string> Lab::words() const
{
    std::vector<std::string> words;
    for (auto const& [name, value] : targets_)
        if (!value.empty())
            words.push_back(name + "=" + value);
    return words;
}

void Lab::tidy() const
{
    for (char const* left :
        {"/.git/hooks/pre-commit", "/.vscode/tasks.json", "/osh-attack-link", "/osh-attack-setuid"})
        ::unlink((project_ + left).c_str());
    ::rmdir((project_ + "/.vscode").c_str());
}

Lab::~Lab()
{
    if (servant_.pidfd.is_open()) {
        ::kill(servant_.pid, SIGKILL);
        ::waitpid(servant_.pid, nullptr, 0);
    }
    for (auto const& tree : trees_)
        remove_tree(AT_FDCWD, tree.c_str(), 0);
    for (auto const& file : files_)
        ::unlink(file.c_str());
}

} // namespace osh::attack
