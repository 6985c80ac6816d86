#pragma once
// Whether it is worth asking a descriptor once more after one packet was read. Where packets come
// one at a time the answer is always no, and the question costs as much as half of a packet's way;
// a wrong guess costs one turn of the loop, because what is left makes the descriptor readable.

#include <cstddef>

namespace osh::netproxy::shell
{

class SingleGuess
{
public:
    // After the read-th packet of a batch.
    bool is_last(std::size_t read)
    {
        if (read > 1 || singles_ < kSingles)
            return false;
        return ++singles_ % kBlind != 0;
    }
    // The batch was read to its end.
    void ended_after(std::size_t read) { singles_ = read == 1 ? singles_ + 1 : 0; }

private:
    // Batches of one packet in a row before the question is left out, and how often it is then.
    static constexpr unsigned kSingles = 4, kBlind = 8;

    unsigned singles_ = 0;
};

} // namespace osh::netproxy::shell
