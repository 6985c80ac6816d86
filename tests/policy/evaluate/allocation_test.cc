// The allow path of a connection allocates nothing: it is on the way of every new flow. Counts the
// global operator new of this program.

#include "policy/evaluate/evaluate.h"

#include <atomic>
#include <cstdlib>
#include <gtest/gtest.h>
#include <new>

namespace
{

std::atomic<std::size_t> allocations{0};

} // namespace

// Not inlined: g++ would see malloc's memory in delete and call it a mismatch.
[[gnu::noinline]] void* operator new(std::size_t size)
{
    ++allocations;
    if (void* const memory = std::malloc(size == 0 ? 1 : size))
        return memory;
    std::abort();
}

// std::stable_sort asks for its buffer this way; AddressSanitizer wants pairs from one hand.
[[gnu::noinline]] void* operator new(std::size_t size, std::nothrow_t const&) noexcept
{
    ++allocations;
    return std::malloc(size == 0 ? 1 : size);
}

[[gnu::noinline]] void operator delete(void* memory) noexcept
{
    std::free(memory);
}

[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept
{
    std::free(memory);
}

namespace osh::policy
{
namespace
{

TEST(EvaluateConnect, AllocatesNothingOnTheAllowPath)
{
    auto const compiled = compile_policy({{"p.yaml",
        "version: 1\nnetwork_policies:\n  a:\n    endpoints: [{host: api.example.com, port: 443}, "
        "{host: \"*.cdn.example.com\", port: 443}]\n    binaries: [{path: /usr/bin/*}]\n",
        ""}});
    ASSERT_TRUE(compiled.policy);
    for (std::string_view host : {"api.example.com", "API.example.com", "x.cdn.example.com"}) {
        ConnectQuestion const question{{"/usr/bin/gh", {}}, host, 443};
        std::size_t const before = allocations;
        ConnectVerdict const answer = evaluate(*compiled.policy, question);
        std::size_t const after = allocations;
        EXPECT_EQ(answer.verdict.decision, Decision::Allow);
        EXPECT_EQ(after - before, 0u) << host;
    }
}

TEST(EvaluateConnect, IsCountedRight)
{
    std::size_t const before = allocations;
    std::string const text(1000, 'x');
    EXPECT_GT(allocations, before) << text.size();
}

} // namespace
} // namespace osh::policy
