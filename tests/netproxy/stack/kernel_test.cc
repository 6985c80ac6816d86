// The stack against this kernel's own TCP, UDP and resolver traffic, over a TUN with offloads.

#include "tests/netproxy/stack/kernel_link.h"

#include <arpa/inet.h>
#include <cerrno>
#include <cstring>
#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include <vector>

namespace osh::netproxy::stack::test
{
namespace
{

void expect_over_link(std::function<int()> const& client, LinkOptions const& options = {})
{
    std::string const problem = run_over_kernel_link(options, client);
    if (problem.starts_with("skip"))
        GTEST_SKIP() << problem;
    EXPECT_EQ(problem, "");
}

int connect_to(char const* address, int port, int type = SOCK_STREAM)
{
    sockaddr_in v4{};
    sockaddr_in6 v6{};
    if (inet_pton(AF_INET, address, &v4.sin_addr) == 1) {
        v4.sin_family = AF_INET;
        v4.sin_port = htons(static_cast<std::uint16_t>(port));
        int const fd = socket(AF_INET, type, 0);
        return connect(fd, static_cast<sockaddr*>(static_cast<void*>(&v4)), sizeof v4) == 0 ? fd
                                                                                            : -1;
    }
    inet_pton(AF_INET6, address, &v6.sin6_addr);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(static_cast<std::uint16_t>(port));
    int const fd = socket(AF_INET6, type, 0);
    return connect(fd, static_cast<sockaddr*>(static_cast<void*>(&v6)), sizeof v6) == 0 ? fd : -1;
}

constexpr char const* kV4 = "192.0.2.1";
constexpr char const* kV6 = "2001:db8::1";

std::vector<std::byte> stream_part(std::uint64_t from, std::size_t size)
{
    std::vector<std::byte> part(size);
    for (std::size_t i = 0; i < size; ++i)
        part[i] = stream_byte(from + i);
    return part;
}

bool read_exactly(int fd, void* into, std::size_t size)
{
    return recv(fd, into, size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

int upload(char const* address, std::uint64_t size)
{
    int const fd = connect_to(address, 13);
    if (fd < 0)
        return 1;
    StreamSum sum;
    for (std::uint64_t sent = 0; sent < size;) {
        auto const part = stream_part(sent, std::min<std::uint64_t>(size - sent, 100'000));
        ssize_t const wrote = write(fd, part.data(), part.size());
        if (wrote <= 0)
            return 2;
        sum.add(Bytes(part).first(static_cast<std::size_t>(wrote)));
        sent += static_cast<std::uint64_t>(wrote);
    }
    shutdown(fd, SHUT_WR);
    std::uint64_t answer[2];
    if (!read_exactly(fd, answer, sizeof answer))
        return 3;
    char end = 0;
    if (read(fd, &end, 1) != 0)
        return 4;
    return answer[0] == sum.count() && answer[1] == sum.digest() ? 0 : 5;
}

int download(char const* address, std::uint64_t size)
{
    int const fd = connect_to(address, 19);
    if (fd < 0 || write(fd, &size, sizeof size) != sizeof size)
        return 1;
    std::vector<std::byte> buffer(200'000);
    std::uint64_t got = 0;
    for (;;) {
        ssize_t const count = read(fd, buffer.data(), buffer.size());
        if (count < 0)
            return 2;
        if (count == 0)
            break;
        for (ssize_t i = 0; i < count; ++i) {
            if (buffer[static_cast<std::size_t>(i)] != stream_byte(got++))
                return 3;
        }
    }
    return got == size ? 0 : 4;
}

TEST(KernelLink, CarriesAnUploadAndAHalfClose)
{
    expect_over_link([] { return upload(kV4, 20'000'000); });
}

TEST(KernelLink, CarriesAnUploadOverIpv6)
{
    expect_over_link([] { return upload(kV6, 20'000'000); });
}

TEST(KernelLink, CarriesADownload)
{
    expect_over_link([] { return download(kV4, 20'000'000); });
}

TEST(KernelLink, CarriesADownloadOverIpv6)
{
    expect_over_link([] { return download(kV6, 20'000'000); });
}

TEST(KernelLink, CarriesUploadsThroughLossDoublingAndReordering)
{
    LinkOptions options;
    options.faults = {30, 30, 30, 7};
    for (char const* address : {kV4, kV6})
        expect_over_link([address] { return upload(address, 3'000'000); }, options);
}

TEST(KernelLink, CarriesDownloadsThroughLossDoublingAndReordering)
{
    LinkOptions options;
    options.faults = {30, 30, 30, 8};
    for (char const* address : {kV4, kV6})
        expect_over_link([address] { return download(address, 3'000'000); }, options);
}

TEST(KernelLink, CarriesBothWaysThroughTruncationToo)
{
    LinkOptions options;
    options.faults = {10, 10, 10, 9, 30};
    for (char const* address : {kV4, kV6}) {
        expect_over_link([address] { return upload(address, 2'000'000); }, options);
        expect_over_link([address] { return download(address, 2'000'000); }, options);
    }
}

TEST(KernelLink, CarriesSmallWindows)
{
    LinkOptions options;
    options.receive_ring = options.send_ring = 3000;
    expect_over_link(
        [] {
            int const first = upload(kV4, 300'000);
            return first != 0 ? first : 10 * download(kV4, 300'000);
        },
        options);
}

TEST(KernelLink, SmallSegmentsOfAnAgentThatAsksForThemAreCutByTheKernel)
{
    expect_over_link([] {
        int const fd = socket(AF_INET, SOCK_STREAM, 0);
        int const segment = 1400;
        setsockopt(fd, IPPROTO_TCP, TCP_MAXSEG, &segment, sizeof segment);
        sockaddr_in to{};
        to.sin_family = AF_INET;
        to.sin_port = htons(19);
        inet_pton(AF_INET, kV4, &to.sin_addr);
        if (connect(fd, static_cast<sockaddr*>(static_cast<void*>(&to)), sizeof to) != 0)
            return 1;
        std::uint64_t const size = 1'000'000;
        if (write(fd, &size, sizeof size) != sizeof size)
            return 2;
        std::vector<std::byte> got(size);
        if (!read_exactly(fd, got.data(), got.size()))
            return 3;
        return got == stream_part(0, size) ? 0 : 4;
    });
}

TEST(KernelLink, EchoesLineByLine)
{
    expect_over_link([] {
        int const fd = connect_to(kV4, 7);
        for (int i = 0; i < 2000; ++i) {
            char const sent = static_cast<char>(i);
            char got = 0;
            if (write(fd, &sent, 1) != 1 || !read_exactly(fd, &got, 1) || got != sent)
                return 1;
        }
        return close(fd);
    });
}

TEST(KernelLink, CarriesManyConnectionsOneAfterTheOther)
{
    expect_over_link([] {
        for (int i = 0; i < 2000; ++i) {
            int const fd = connect_to(i % 2 == 0 ? kV4 : kV6, 7);
            char got = 0;
            if (fd < 0 || write(fd, "x", 1) != 1 || !read_exactly(fd, &got, 1))
                return 1;
            close(fd);
        }
        return 0;
    });
}

TEST(KernelLink, RefusalsAreTruthful)
{
    expect_over_link([] {
        for (char const* address : {kV4, kV6}) {
            if (connect_to(address, 9) >= 0 || errno != ECONNREFUSED)
                return 1;
            if (connect_to(address, 10) >= 0 || errno != EHOSTUNREACH)
                return 2;
        }
        return 0;
    });
}

TEST(KernelLink, AResetReachesTheAgent)
{
    expect_over_link([] {
        int const fd = connect_to(kV4, 11);
        char got = 0;
        if (write(fd, "x", 1) != 1)
            return 1;
        return read(fd, &got, 1) < 0 && errno == ECONNRESET ? 0 : 2;
    });
}

void give_up_after(int fd, int milliseconds)
{
    timeval const wait{0, milliseconds * 1000};
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
}

// The flows that the stack still has, asked over a connection that is one of them, until they are
// as few as that; the last answer after two seconds.
std::uint64_t flows_left(char const* address)
{
    int const fd = connect_to(address, 21);
    std::uint64_t flows = 0;
    for (int i = 0; i < 40 && write(fd, "?", 1) == 1; ++i) {
        if (!read_exactly(fd, &flows, sizeof flows) || flows == 1)
            break;
        poll(nullptr, 0, 50);
    }
    close(fd);
    return flows;
}

// Reads nothing until no more comes: the kernel's window is shut then. Then all of it.
int download_in_bursts(char const* address, std::uint64_t size)
{
    int const fd = connect_to(address, 19);
    if (write(fd, &size, sizeof size) != sizeof size)
        return 1;
    std::vector<std::byte> buffer(8'000'000);
    give_up_after(fd, 300);
    if (recv(fd, buffer.data(), buffer.size(), MSG_PEEK | MSG_WAITALL) >= ssize_t(size))
        return 2; // it was never shut
    give_up_after(fd, 0);
    std::vector<std::byte> got(size);
    return read_exactly(fd, got.data(), size) && got == stream_part(0, size) ? 0 : 3;
}

TEST(KernelLink, AWindowThatWasShutOpensAgainWithAndWithoutLoss)
{
    for (char const* address : {kV4, kV6})
        for (unsigned const lost : {0u, 40u}) {
            LinkOptions options;
            options.faults = {lost, 0, 0, 11};
            expect_over_link(
                [address] { return download_in_bursts(address, 12'000'000); }, options);
        }
}

// Both ends may cross: whoever reads to the end finds an end and no reset.
int close_at_once(char const* address, int rounds)
{
    for (int i = 0; i < rounds; ++i) {
        int const fd = connect_to(address, 12);
        char byte = 0;
        if (fd < 0 || write(fd, "x", 1) != 1 || shutdown(fd, SHUT_WR) != 0)
            return 1;
        if (read(fd, &byte, 1) != 0)
            return 2;
        close(fd);
    }
    return flows_left(address) == 1 ? 0 : 3;
}

TEST(KernelLink, BothSidesMayCloseAtOnceAndNothingIsLeft)
{
    for (char const* address : {kV4, kV6}) {
        expect_over_link([address] { return close_at_once(address, 300); });
        LinkOptions options;
        options.faults = {20, 50, 100, 12};
        expect_over_link([address] { return close_at_once(address, 8); }, options);
    }
}

TEST(KernelLink, AResetByTheAgentEndsAFlowWhateverItHolds)
{
    for (char const* address : {kV4, kV6})
        expect_over_link([address] {
            for (int i = 0; i < 50; ++i) {
                int const fd = connect_to(address, i % 2 == 0 ? 19 : 20);
                std::uint64_t const size = 4'000'000;
                linger const now{1, 0};
                setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
                if (write(fd, &size, sizeof size) != sizeof size || close(fd) != 0)
                    return 1;
            }
            return flows_left(address) == 1 ? 0 : 2;
        });
}

TEST(KernelLink, ANeverReadConnectionStopsTheWriterOnly)
{
    expect_over_link([] {
        int const stuck = connect_to(kV4, 20);
        timeval const wait{0, 300'000};
        setsockopt(stuck, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
        std::vector<std::byte> const many(16'000'000);
        if (write(stuck, many.data(), many.size()) >= static_cast<ssize_t>(many.size()))
            return 1;
        return upload(kV4, 1'000'000);
    });
}

TEST(KernelLink, DatagramsAreEchoedOrRefused)
{
    expect_over_link([] {
        for (char const* address : {kV4, kV6}) {
            int const echo = connect_to(address, 7, SOCK_DGRAM);
            for (std::size_t const size : {1, 9000, 65'472}) {
                std::vector<std::byte> const sent = stream_part(5, size);
                std::vector<std::byte> got(size + 1);
                if (send(echo, sent.data(), size, 0) < 0
                    || recv(echo, got.data(), size + 1, 0) != ssize_t(size)
                    || !std::equal(sent.begin(), sent.end(), got.begin()))
                    return 1;
            }
            int const refused = connect_to(address, 8, SOCK_DGRAM);
            char byte = 0;
            if (send(refused, "x", 1, 0) != 1 || recv(refused, &byte, 1, 0) >= 0
                || errno != ECONNREFUSED)
                return 2;
        }
        return 0;
    });
}

int ask_dns(int fd, char const* name_on_the_wire, std::size_t size, int& code)
{
    std::vector<char> question{'\x12', '\x34', 1, 0, 0, 1, 0, 0, 0, 0, 0, 0};
    question.insert(question.end(), name_on_the_wire, name_on_the_wire + size);
    question.insert(question.end(), {0, 0, 1, 0, 1});
    std::vector<char> answer(512);
    if (send(fd, question.data(), question.size(), 0) < 0)
        return -1;
    ssize_t const got = recv(fd, answer.data(), answer.size(), 0);
    code = answer[3] & 0xf;
    return static_cast<int>(got);
}

TEST(KernelLink, DnsAnswersAtTheGatewayOnly)
{
    expect_over_link([] {
        int code = 0;
        int const fd = connect_to("10.0.2.2", 53, SOCK_DGRAM);
        if (ask_dns(fd, "\5known\7example", 14, code) != 12 + 19 + 16 || code != 0)
            return 1;
        int const v6 = connect_to("fd00::2", 53, SOCK_DGRAM);
        if (ask_dns(v6, "\5other\7example", 14, code) != 12 + 19 || code != 3)
            return 2;
        int const elsewhere = connect_to("8.8.8.8", 53, SOCK_DGRAM);
        return ask_dns(elsewhere, "\5known\7example", 14, code) < 0 && errno == ECONNREFUSED ? 0
                                                                                             : 3;
    });
}

} // namespace
} // namespace osh::netproxy::stack::test
