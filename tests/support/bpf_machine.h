#pragma once
// Classic BPF as seccomp(2) runs it, for tests: what does this filter answer to this call? Not a
// BPF of packets: no packet, no multiplication, and what seccomp refuses to load is refused here.

#include "policy/base/bytes.h"

#include <array>
#include <cstdint>
#include <cstring>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <optional>
#include <vector>

namespace osh::test
{

inline seccomp_data call_data(long number, std::array<std::uint64_t, 6> arguments,
    std::uint32_t architecture = AUDIT_ARCH_X86_64)
{
    seccomp_data data{};
    data.nr = static_cast<int>(number);
    data.arch = architecture;
    std::memcpy(data.args, arguments.data(), sizeof data.args);
    return data;
}

// The 32-bit answer; nothing for a program that the kernel would not have loaded.
class BpfMachine
{
public:
    explicit BpfMachine(Bytes program) : program_(program.size() / sizeof(sock_filter))
    {
        std::memcpy(program_.data(), program.data(), program_.size() * sizeof(sock_filter));
    }

    std::optional<std::uint32_t> run(seccomp_data const& data)
    {
        a_ = x_ = 0;
        memory_.fill(0);
        for (std::size_t at = 0; at < program_.size();) {
            sock_filter const& in = program_[at++];
            if (BPF_CLASS(in.code) == BPF_RET)
                return BPF_RVAL(in.code) == BPF_A ? a_ : in.k;
            std::optional<std::size_t> const skip =
                BPF_CLASS(in.code) == BPF_JMP ? jump(in) : step(in, data);
            if (!skip)
                return std::nullopt;
            at += *skip;
        }
        return std::nullopt;
    }

private:
    std::size_t jump(sock_filter const& in) const
    {
        std::uint32_t const other = BPF_SRC(in.code) == BPF_X ? x_ : in.k;
        switch (BPF_OP(in.code)) {
        case BPF_JA: return in.k;
        case BPF_JEQ: return a_ == other ? in.jt : in.jf;
        case BPF_JGT: return a_ > other ? in.jt : in.jf;
        case BPF_JGE: return a_ >= other ? in.jt : in.jf;
        default: return (a_ & other) != 0 ? in.jt : in.jf;
        }
    }

    std::optional<std::size_t> step(sock_filter const& in, seccomp_data const& data)
    {
        if (in.code == (BPF_LD | BPF_W | BPF_ABS)) {
            if (in.k % 4 != 0 || in.k + 4 > sizeof data)
                return std::nullopt;
            std::memcpy(&a_, reinterpret_cast<char const*>(&data) + in.k, sizeof a_);
        } else if (in.code == (BPF_LD | BPF_IMM)) {
            a_ = in.k;
        } else if (in.code == (BPF_ALU | BPF_AND | BPF_K)) {
            a_ &= in.k;
        } else if (in.code == BPF_ST && in.k < memory_.size()) {
            memory_[in.k] = a_;
        } else if (in.code == (BPF_LD | BPF_MEM) && in.k < memory_.size()) {
            a_ = memory_[in.k];
        } else if (in.code == (BPF_MISC | BPF_TAX)) {
            x_ = a_;
        } else if (in.code == (BPF_MISC | BPF_TXA)) {
            a_ = x_;
        } else {
            return std::nullopt;
        }
        return 0;
    }

    std::vector<sock_filter> program_;
    std::uint32_t a_ = 0, x_ = 0;
    std::array<std::uint32_t, BPF_MEMWORDS> memory_{};
};

// seccomp(2): of several filters the strictest answer counts. Lower is stricter, as a signed
// number.
inline std::uint32_t strictest(std::uint32_t one, std::uint32_t other)
{
    auto const rank = [](std::uint32_t answer) {
        return static_cast<std::int32_t>(answer & SECCOMP_RET_ACTION_FULL);
    };
    return rank(other) < rank(one) ? other : one;
}

} // namespace osh::test
