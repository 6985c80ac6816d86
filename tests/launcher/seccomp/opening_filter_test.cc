// Calls that open connections: connect(2) is told to init, TCP fast open does not exist.

#include "launcher/seccomp/programs.h"
#include "tests/support/bpf_machine.h"

#include <array>
#include <cerrno>
#include <gtest/gtest.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>

namespace osh::launcher
{
namespace
{

constexpr std::uint64_t kHigh = std::uint64_t{0x5A5A5A5A} << 32;

constexpr std::array<FilterChoice, 4> kHearing{
    {{false, false}, {false, true}, {true, false}, {true, true}}};
constexpr std::array<FilterChoice, 4> kDeaf{
    {{false, false, false}, {false, true, false}, {true, false, false}, {true, true, false}}};

std::optional<std::uint32_t> connecting(Bytes program, std::uint64_t length = 16)
{
    return test::BpfMachine(program).run(test::call_data(SYS_connect, {3, 0, length}));
}

TEST(OpeningFilter, TellsInitOfEachConnectionWhereItMatters)
{
    for (auto const choice : kHearing) {
        EXPECT_EQ(connecting(agent_filter(choice).watched), SECCOMP_RET_USER_NOTIF);
        EXPECT_EQ(connecting(agent_filter(choice).asking), SECCOMP_RET_USER_NOTIF);
        for (std::uint64_t const length : {28, 128})
            EXPECT_EQ(
                connecting(agent_filter(choice).asking, kHigh | length), SECCOMP_RET_USER_NOTIF);
        EXPECT_EQ(connecting(agent_filter(choice).asking, 110), SECCOMP_RET_ALLOW); // a Unix socket
    }
    for (auto const choice : kDeaf) {
        EXPECT_EQ(agent_filter(choice).watched.empty(), !choice.debug_allow);
        EXPECT_EQ(connecting(agent_filter(choice).asking), SECCOMP_RET_ALLOW);
    }
}

TEST(OpeningFilter, KnowsNoFastOpen)
{
    auto const answer = [](FilterChoice choice, long call, std::array<std::uint64_t, 6> arguments) {
        return test::BpfMachine(agent_filter(choice).arguments)
            .run(test::call_data(static_cast<int>(call), arguments));
    };
    for (auto const choice : kHearing) {
        for (std::uint64_t const high : {std::uint64_t{0}, kHigh}) {
            std::uint64_t const flags = high | MSG_FASTOPEN | MSG_DONTWAIT;
            constexpr std::uint32_t kAbsent = SECCOMP_RET_ERRNO | EOPNOTSUPP;
            EXPECT_EQ(answer(choice, SYS_sendto, {0, 0, 0, flags}), kAbsent);
            EXPECT_EQ(answer(choice, SYS_sendmsg, {0, 0, flags}), kAbsent);
            EXPECT_EQ(answer(choice, SYS_sendmmsg, {0, 0, 0, flags}), kAbsent);
            EXPECT_EQ(answer(choice, SYS_setsockopt, {0, high | IPPROTO_TCP, high | 30}), kAbsent);
        }
        EXPECT_EQ(answer(choice, SYS_sendto, {0, 0, 0, MSG_NOSIGNAL}), SECCOMP_RET_ALLOW);
        EXPECT_EQ(answer(choice, SYS_setsockopt, {0, IPPROTO_TCP, 23}), SECCOMP_RET_ALLOW);
    }
}

} // namespace
} // namespace osh::launcher
