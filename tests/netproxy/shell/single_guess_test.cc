#include "netproxy/shell/single_guess.h"

#include <gtest/gtest.h>

namespace osh::netproxy::shell
{
namespace
{

// As a reader uses it: `there` packets wait. How many it took, and whether it asked in vain.
struct Batch {
    std::size_t read = 0;
    bool has_asked_in_vain = false;
};

Batch read_batch(SingleGuess& guess, std::size_t there)
{
    Batch batch;
    for (;;) {
        if (batch.read == there) {
            guess.ended_after(batch.read);
            batch.has_asked_in_vain = true;
            return batch;
        }
        ++batch.read;
        if (guess.is_last(batch.read))
            return batch;
    }
}

TEST(SingleGuess, AsksUntilPacketsCameAloneForAWhile)
{
    SingleGuess guess;
    int in_vain = 0;
    for (int i = 0; i < 100; ++i)
        in_vain += read_batch(guess, 1).has_asked_in_vain ? 1 : 0;
    EXPECT_GE(in_vain, 4);
    EXPECT_LE(in_vain, 30);
}

TEST(SingleGuess, FindsOutThatPacketsComeTogetherAgain)
{
    SingleGuess guess;
    for (int i = 0; i < 100; ++i)
        read_batch(guess, 1);
    int turns = 0;
    while (read_batch(guess, 5).read == 1)
        ASSERT_LT(++turns, 10);
    EXPECT_EQ(read_batch(guess, 5).read, 5u);
}

TEST(SingleGuess, TakesAllOfABatch)
{
    SingleGuess guess;
    for (int i = 0; i < 20; ++i)
        EXPECT_EQ(read_batch(guess, 7).read, 7u);
}

} // namespace
} // namespace osh::netproxy::shell
