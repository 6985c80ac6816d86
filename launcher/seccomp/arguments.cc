#include "launcher/seccomp/arguments.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <linux/netlink.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

namespace osh::launcher
{
namespace
{

constexpr std::uint32_t kAll = 0xFFFFFFFFU;
using Rules = std::vector<ArgumentRule>;

ArgumentTest is(unsigned index, std::uint32_t value)
{
    return {index, kAll, value};
}

ArgumentTest has_bits(unsigned index, std::uint32_t bits)
{
    return {index, bits, bits};
}

// Namespaces are where most kernel holes of the last years were reached from (CVE-2022-0185,
// CVE-2024-1086).
void add_namespaces(Rules& rules)
{
    for (std::uint32_t flag : {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWPID, CLONE_NEWNET, CLONE_NEWIPC,
             CLONE_NEWUTS, CLONE_NEWCGROUP}) {
        rules.push_back({"clone", EPERM, {has_bits(0, flag)}});
        rules.push_back({"unshare", EPERM, {has_bits(0, flag)}});
    }
    rules.push_back({"unshare", EPERM, {has_bits(0, CLONE_NEWTIME)}}); // in clone: part of a signal
}

void add_socket_families(Rules& rules)
{
    for (auto const& other : all_but(0, {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK}))
        rules.push_back({"socket", EAFNOSUPPORT, {other}});
    for (auto const& other : all_but(0, {AF_UNIX}))
        rules.push_back({"socketpair", EAFNOSUPPORT, {other}});
    for (auto const& other : all_but(2, {NETLINK_ROUTE}))
        rules.push_back({"socket", EPROTONOSUPPORT, {is(0, AF_NETLINK), other}});
    constexpr std::uint32_t kTypeMask = 0xF;
    for (std::uint32_t family : {AF_INET, AF_INET6}) {
        for (std::uint32_t type = 0; type <= kTypeMask; ++type)
            if (type != SOCK_STREAM && type != SOCK_DGRAM)
                rules.push_back({"socket", EPERM, {is(0, family), {1, kTypeMask, type}}});
        // Not SCTP, DCCP, UDP-Lite, MPTCP (Go falls back from it), SMC.
        constexpr std::uint32_t kPing = IPPROTO_ICMP, kPing6 = IPPROTO_ICMPV6;
        std::uint32_t const ping = family == AF_INET ? kPing : kPing6;
        for (auto const& other : all_but(2, {0, IPPROTO_TCP, IPPROTO_UDP, ping}))
            rules.push_back({"socket", EPROTONOSUPPORT, {is(0, family), other}});
    }
}

void add_socket_options(Rules& rules)
{
    constexpr std::uint32_t kAttachBpf = 50, kReuseportCbpf = 51, kReuseportEbpf = 52;
    for (std::uint32_t option : {kAttachBpf, kReuseportCbpf, kReuseportEbpf})
        rules.push_back({"setsockopt", EPERM, {is(1, SOL_SOCKET), is(2, option)}});
    constexpr std::uint32_t kTcpRepair = 19, kTcpUlp = 31;
    for (std::uint32_t option : {kTcpRepair, kTcpUlp})
        rules.push_back({"setsockopt", EPERM, {is(1, IPPROTO_TCP), is(2, option)}});
    // 64 to 127: tables of packet filters (CVE-2021-22555).
    constexpr std::uint32_t kFilterMask = 0xFFFFFFC0U, kFilterTables = 64;
    for (std::uint32_t level : {IPPROTO_IP, IPPROTO_IPV6}) {
        rules.push_back({"setsockopt", EPERM, {is(1, level), {2, kFilterMask, kFilterTables}}});
        rules.push_back({"getsockopt", EPERM, {is(1, level), {2, kFilterMask, kFilterTables}}});
    }
}

// TCP fast open is a connect(2) by another name, and leaves a request in the socket that the kernel
// sends when whoever wrote it holds nothing any more (RFC 7413). The answer is the
// kernel's own where it is switched off, so programs do without.
void add_fast_open(Rules& rules)
{
    constexpr std::uint32_t kTcpFastOpenConnect = 30;
    rules.push_back({"setsockopt", EOPNOTSUPP, {is(1, IPPROTO_TCP), is(2, kTcpFastOpenConnect)}});
    rules.push_back({"sendto", EOPNOTSUPP, {has_bits(3, MSG_FASTOPEN)}});
    rules.push_back({"sendmsg", EOPNOTSUPP, {has_bits(2, MSG_FASTOPEN)}});
    rules.push_back({"sendmmsg", EOPNOTSUPP, {has_bits(3, MSG_FASTOPEN)}});
}

// Set-id bits reach the host's file system through the project: "nosuid" inside does not stop them.
void add_modes(Rules& rules)
{
    struct Place {
        std::string_view call;
        unsigned mode;
    };
    for (std::uint32_t bit : {S_ISUID, S_ISGID}) {
        for (Place place : {Place{"chmod", 1}, Place{"fchmod", 1}, Place{"fchmodat", 2},
                 Place{"fchmodat2", 2}, Place{"mknod", 1}, Place{"mknodat", 2}, Place{"creat", 1},
                 Place{"mkdir", 1}, Place{"mkdirat", 2}})
            rules.push_back({place.call, EPERM, {has_bits(place.mode, bit)}});
        // The mode of open counts only with one of these flags; without it there may be rubbish.
        constexpr std::uint32_t kTemporary = O_TMPFILE & ~static_cast<std::uint32_t>(O_DIRECTORY);
        for (std::uint32_t flag : {static_cast<std::uint32_t>(O_CREAT), kTemporary}) {
            rules.push_back({"open", EPERM, {has_bits(1, flag), has_bits(2, bit)}});
            rules.push_back({"openat", EPERM, {has_bits(2, flag), has_bits(3, bit)}});
        }
    }
    for (std::uint32_t kind : {S_IFCHR, S_IFBLK}) {
        rules.push_back({"mknod", EPERM, {{1, S_IFMT, kind}}});
        rules.push_back({"mknodat", EPERM, {{2, S_IFMT, kind}}});
    }
}

// A directory that folds case would match names that were judged as other ones; the rest
// (immutable, no dump, encrypted, sealed) would stay on the host's files.
void add_file_flags(Rules& rules)
{
    constexpr std::uint32_t kSetFlags = 0x40086602, kSetFlags32 = 0x40046602, // FS_IOC_SETFLAGS
        kSetExtended = 0x401C5820,                                            // FS_IOC_FSSETXATTR
        kSetEncryption = 0x800C6613, kEnableVerity = 0x40806685;
    for (std::uint32_t const request :
        {kSetFlags, kSetFlags32, kSetExtended, kSetEncryption, kEnableVerity})
        rules.push_back({"ioctl", EOPNOTSUPP, {is(1, request)}});
}

// Subvolumes and snapshots are names, made past the broker: a snapshot called ".vscode" would hold
// what another directory holds (btrfs-ioctl(2); bcachefs has the like). Others tell the names of
// subvolumes that are not shown. Left: FICLONE, FICLONERANGE, FIDEDUPERANGE, which carry the same
// letter on every file system.
void add_subvolumes(Rules& rules)
{
    constexpr std::uint32_t kLetter = 0xFF00, kNumber = 0xFF, kBtrfs = 0x9400, kBcachefs = 0xBC00;
    for (auto const& test : all_but(1, {9, 13, 54}))
        if (test.value <= kNumber)
            rules.push_back(
                {"ioctl", ENOTTY, {{1, kLetter | (test.mask & kNumber), kBtrfs | test.value}}});
    rules.push_back({"ioctl", ENOTTY, {{1, kLetter, kBcachefs}}});
}

// Ways to type into a terminal or to load code behind it. CVE-2017-5226 (TIOCSTI), CVE-2017-2636
// (line disciplines), TIOCLINUX pastes on the console.
void add_terminals(Rules& rules)
{
    constexpr std::uint32_t kTioclinux = 0x541C, kTiocsetd = 0x5423, kTioccons = 0x541D,
                            kTiocvhangup = 0x5437, kKdskbent = 0x4B47, kKdskbsent = 0x4B49,
                            kKdsigaccept = 0x4B4E;
    for (std::uint32_t request : {static_cast<std::uint32_t>(TIOCSTI), kTioclinux, kTiocsetd,
             kTioccons, kTiocvhangup, kKdskbent, kKdskbsent, kKdsigaccept})
        rules.push_back({"ioctl", EPERM, {is(1, request)}});
}

void add_processes(Rules& rules)
{
    // A child that is traced from its birth without a call that init could see.
    rules.push_back({"clone", EPERM, {has_bits(0, CLONE_PTRACE)}});
    // "The user" and "a group" reach the person's other processes, which no PID namespace stops.
    rules.push_back({"setpriority", EPERM, {is(0, PRIO_PGRP)}});
    rules.push_back({"setpriority", EPERM, {is(0, PRIO_USER)}});
    constexpr std::uint32_t kIoprioGroup = 2, kIoprioUser = 3;
    rules.push_back({"ioprio_set", EPERM, {is(0, kIoprioGroup)}});
    rules.push_back({"ioprio_set", EPERM, {is(0, kIoprioUser)}});
    // Of other processes: without descriptors, ours inside would not see what they guard.
    for (auto const& other : all_but(0, {0}))
        rules.push_back({"prlimit64", EPERM, {other}});
    constexpr std::uint32_t kPolicyMask = 0x3FFFFFFFU; // without SCHED_RESET_ON_FORK
    constexpr std::uint32_t kFifo = 1, kRoundRobin = 2, kDeadline = 6;
    for (std::uint32_t policy : {kFifo, kRoundRobin, kDeadline})
        rules.push_back({"sched_setscheduler", EPERM, {{1, kPolicyMask, policy}}});
    rules.push_back({"prctl", EPERM, {is(0, PR_SET_MM)}}); // could lie about its own executable
    constexpr std::uint32_t kQuery = 0xFFFFFFFFU, kLinux32 = PER_LINUX32,
                            kFixed = ADDR_NO_RANDOMIZE;
    for (auto const& other : all_but(0, {0, kLinux32, kFixed, kLinux32 | kFixed, kQuery}))
        rules.push_back({"personality", EPERM, {other}});
    // A listener of the agent's would be asked before the broker, and could answer "go on".
    rules.push_back({"seccomp", EPERM, {has_bits(1, SECCOMP_FILTER_FLAG_NEW_LISTENER)}});
}

// mount(2) of a new file system: none of the flags that change what is mounted. Old programs put a
// magic number into the upper half, which the kernel takes away (path_mount() of fs/namespace.c).
void add_new_mounts(Rules& rules)
{
    constexpr std::uint32_t kChangesLow = MS_REMOUNT | MS_BIND | MS_MOVE,
                            kChanges =
                                kChangesLow | MS_UNBINDABLE | MS_PRIVATE | MS_SLAVE | MS_SHARED,
                            kUpper = 0xFFFF0000U, kMagic = 0xC0ED0000U;
    rules.push_back({"mount", 0, {{3, kChanges, 0}}});
    rules.push_back({"mount", 0, {{3, kUpper | kChangesLow, kMagic}}});
}

struct Block {
    std::uint64_t begin = 0;
    unsigned bits = 0; // the block has 2^bits values
};

} // namespace

std::vector<ArgumentTest> all_but(unsigned index, std::vector<std::uint32_t> allowed)
{
    std::vector<ArgumentTest> tests;
    std::vector<Block> open{{0, 32}};
    while (!open.empty()) {
        Block const block = open.back();
        open.pop_back();
        std::uint64_t const end = block.begin + (std::uint64_t{1} << block.bits);
        bool const holds_allowed = std::any_of(allowed.begin(), allowed.end(),
            [&](std::uint64_t value) { return value >= block.begin && value < end; });
        if (!holds_allowed) {
            auto const mask = static_cast<std::uint32_t>(~((std::uint64_t{1} << block.bits) - 1));
            tests.push_back({index, mask, static_cast<std::uint32_t>(block.begin)});
        } else if (block.bits > 0) {
            open.push_back({block.begin + (std::uint64_t{1} << (block.bits - 1)), block.bits - 1});
            open.push_back({block.begin, block.bits - 1});
        }
    }
    return tests;
}

std::vector<ArgumentRule> asking_rules(FilterChoice choice)
{
    Rules rules;
    if (choice.nested_allow)
        add_new_mounts(rules);
    rules.push_back({"umask", 0, {}}); // so that the broker need not ask /proc for each new file
    for (std::string_view const call : {"creat", "truncate", "mkdir", "mkdirat", "mknod", "mknodat",
             "symlink", "symlinkat", "rename", "renameat", "renameat2", "link", "linkat", "bind"})
        rules.push_back({call, 0, {}});
    struct Open {
        std::string_view call;
        unsigned flags;
    };
    for (Open const open : {Open{"open", 1}, Open{"openat", 2}}) {
        for (std::uint32_t mode : {O_WRONLY, O_RDWR, O_ACCMODE})
            rules.push_back({open.call, 0, {{open.flags, O_ACCMODE, mode}}});
        for (std::uint32_t bit : {O_CREAT, O_TRUNC})
            rules.push_back({open.call, 0, {has_bits(open.flags, bit)}});
    }
    return rules;
}

// Who opens a connection; and how a process becomes traced. What a tracer does afterwards needs no
// telling: the mark is set.
std::vector<ArgumentRule> watched_rules(FilterChoice choice)
{
    Rules rules;
    // Only with the lengths that addresses of the Internet are given with: Unix sockets have others
    // mostly. Whoever gives another one for a TCP connection is nobody.
    if (choice.hears_openers)
        for (std::size_t const length :
            {sizeof(sockaddr_in), sizeof(sockaddr_in6), sizeof(sockaddr_storage)})
            rules.push_back({"connect", 0, {is(2, static_cast<std::uint32_t>(length))}});
    if (!choice.debug_allow)
        return rules;
    for (std::uint32_t request : {PTRACE_TRACEME, PTRACE_ATTACH, PTRACE_SEIZE})
        rules.push_back({"ptrace", 0, {is(0, request)}});
    return rules;
}

std::vector<ArgumentRule> init_rules()
{
    constexpr std::uint32_t kWriting = O_ACCMODE | O_CREAT | O_TRUNC;
    // Writing what exists: the mark of a traced process, /proc/PID/oom_score_adj (trace_marks.h).
    return {{"openat", 0, {{2, kWriting, O_RDONLY}}}, {"openat", 0, {{2, kWriting, O_WRONLY}}},
        {"mmap", 0, {{2, PROT_EXEC, 0}}},
        // To a listener inside whose port is published; to ask who listens (sock_diag(7)).
        {"socket", 0, {is(0, AF_INET)}}, {"socket", 0, {is(0, AF_INET6)}},
        {"socket", 0, {is(0, AF_NETLINK)}}};
}

std::vector<ArgumentRule> supervisor_rules()
{
    Rules rules;
    for (auto const& test : all_but(0, {AF_UNIX}))
        rules.push_back({"socket", EAFNOSUPPORT, {test}});
    for (auto const* call : {"mmap", "mprotect", "pkey_mprotect"})
        rules.push_back({call, EPERM, {has_bits(2, PROT_EXEC)}});
    rules.push_back({"sendto", EPERM, {has_bits(3, MSG_FASTOPEN)}}); // a connect(2) by another name
    rules.push_back({"sendmsg", EPERM, {has_bits(2, MSG_FASTOPEN)}});
    rules.push_back({"sendmmsg", EPERM, {has_bits(3, MSG_FASTOPEN)}});
    return rules;
}

std::vector<ArgumentRule> argument_rules(FilterChoice choice)
{
    Rules rules;
    if (!choice.nested_allow)
        add_namespaces(rules);
    add_socket_families(rules);
    add_socket_options(rules);
    add_fast_open(rules);
    add_modes(rules);
    add_file_flags(rules);
    add_subvolumes(rules);
    add_terminals(rules);
    add_processes(rules);
    return rules;
}

} // namespace osh::launcher
