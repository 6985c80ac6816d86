#include "netproxy/stack/ring.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <random>
#include <string>

namespace osh::netproxy::stack
{
namespace
{

TEST(Ring, HoldsNoMemoryWithoutBytes)
{
    ChunkPool pool(1 << 20);
    Ring ring;
    ASSERT_TRUE(ring.write(pool, 0, bytes_of("abc")));
    ring.extend(3);
    EXPECT_EQ(pool.used(), ChunkPool::kSmall);
    EXPECT_EQ(text_of(ring.front()), "abc");
    ring.consume(pool, 3);
    EXPECT_FALSE(ring.holds_memory());
    EXPECT_EQ(pool.used(), 0u);
}

TEST(Ring, KeepsBytesBehindAGapWhenTheFrontIsConsumed)
{
    ChunkPool pool(1 << 20);
    Ring ring;
    ASSERT_TRUE(ring.write(pool, 5, bytes_of("later")));
    ASSERT_TRUE(ring.write(pool, 0, bytes_of("ab")));
    ring.extend(2);
    ring.consume(pool, 2);
    ASSERT_TRUE(ring.write(pool, 0, bytes_of("cde")));
    ring.extend(8);
    EXPECT_EQ(text_of(ring.front()), "cdelater");
}

TEST(Ring, RefusesWhenThePoolIsEmptyAndKeepsWhatItHas)
{
    ChunkPool pool(ChunkPool::kSmall);
    Ring ring, other;
    ASSERT_TRUE(ring.write(pool, 0, bytes_of("abc")));
    ring.extend(3);
    EXPECT_FALSE(ring.write(pool, 3, bytes_of(std::string(5000, 'x'))));
    EXPECT_TRUE(other.space(pool, 100).empty());
    EXPECT_FALSE(other.holds_memory());
    EXPECT_EQ(text_of(ring.front()), "abc");
}

TEST(Ring, ReadsLentBytesWhereTheyAre)
{
    ChunkPool pool(1 << 20);
    Ring ring;
    std::string buffer(70'000, 'x');
    ASSERT_TRUE(ring.write_later(pool, bytes_of(buffer)));
    ring.extend(buffer.size());
    EXPECT_EQ(ring.front().data(), bytes_of(buffer).data());
    EXPECT_EQ(ring.front().size(), buffer.size());
    ring.consume(pool, buffer.size());
    EXPECT_EQ(pool.used(), 0u);
}

TEST(Ring, KeepsTheLentBytesThatWereNotConsumed)
{
    ChunkPool pool(1 << 20);
    Ring ring;
    std::string buffer(70'000, 'a');
    buffer.replace(66'000, 4'000, 4'000, 'b');
    ASSERT_TRUE(ring.write_later(pool, bytes_of(buffer)));
    ring.extend(buffer.size());
    ring.consume(pool, 65'000);
    ASSERT_TRUE(ring.write(pool, ring.size(), bytes_of("end"))); // behind what is lent
    ring.extend(3);
    ring.keep();
    buffer.assign(buffer.size(), '?'); // the next packet
    std::string seen;
    while (ring.size() > 0) {
        auto const part = ring.front();
        seen += text_of(part);
        ring.consume(pool, part.size());
    }
    EXPECT_EQ(seen, std::string(1'000, 'a') + std::string(4'000, 'b') + "end");
}

TEST(Ring, ThatIsClearedLendsNothing)
{
    ChunkPool pool(1 << 20);
    Ring ring;
    ASSERT_TRUE(ring.write_later(pool, bytes_of("abc")));
    ring.extend(3);
    ring.clear(pool);
    ring.keep();
    EXPECT_TRUE(ring.front().empty());
    EXPECT_EQ(pool.used(), 0u);
}

// The same random writes and reads on a ring and on a deque.
TEST(Ring, IsAQueue)
{
    std::minstd_rand random(5);
    ChunkPool pool(4 << 20);
    Ring ring;
    std::deque<std::byte> model;
    for (int step = 0; step < 3000; ++step) {
        if (random() % 2 == 0) {
            auto const space = ring.space(pool, 300'000 - ring.size());
            std::size_t const count = std::min<std::size_t>(space.size(), random() % 70'000);
            for (std::size_t i = 0; i < count; ++i)
                model.push_back(space[i] = static_cast<std::byte>(random()));
            ring.extend(count);
        } else {
            std::size_t const count = std::min<std::size_t>(ring.size(), random() % 90'000);
            ring.consume(pool, count);
            model.erase(model.begin(), model.begin() + static_cast<std::ptrdiff_t>(count));
        }
        ASSERT_EQ(ring.size(), model.size());
        std::size_t const offset = ring.size() / 3;
        std::size_t const count = std::min<std::size_t>(ring.size() - offset, ChunkPool::kLarge);
        std::size_t at = offset;
        for (Bytes const part : ring.view(offset, count)) {
            ASSERT_TRUE(std::ranges::equal(
                part, std::ranges::subrange(model.begin() + static_cast<std::ptrdiff_t>(at),
                          model.begin() + static_cast<std::ptrdiff_t>(at + part.size()))));
            at += part.size();
        }
        ASSERT_EQ(at, offset + count);
    }
    ring.clear(pool);
    EXPECT_EQ(pool.used(), 0u);
}

} // namespace
} // namespace osh::netproxy::stack
