#pragma once
// A bounded queue of bytes between two steps that go at different speeds. Takes memory when it
// holds something, gives it back when it is empty, so idle flows cost nothing.

#include "policy/base/bytes.h"
#include "policy/base/check.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>

namespace osh::netproxy::core
{

// Limit: bytes. Of an empty queue only a pointer is there.
template<std::uint32_t Limit>
class ByteQueue
{
public:
    Bytes front() const
    {
        return block_ ? Bytes(block_->bytes).subspan(block_->begin, block_->end - block_->begin)
                      : Bytes();
    }
    bool is_empty() const { return !block_ || block_->begin == block_->end; }
    std::size_t held() const { return block_ ? sizeof(Block) : 0; }

    // Room at the end, to be filled in place. Empty when the limit is reached.
    MutableBytes space()
    {
        if (!block_)
            block_ = std::make_unique_for_overwrite<Block>(); // no zeroes per record
        if (block_->begin > Limit / 2 && block_->end == Limit)
            compact();
        return MutableBytes(block_->bytes).subspan(block_->end);
    }
    bool is_filled() const { return block_ && block_->end == Limit; } // to the last byte
    bool has_space() const { return !block_ || block_->end < Limit || block_->begin > Limit / 2; }
    void commit(std::size_t count)
    {
        OSH_CHECK(block_ ? count <= Limit - block_->end : count == 0);
        if (block_)
            block_->end += static_cast<std::uint32_t>(count);
    }
    void consume(std::size_t count)
    {
        OSH_CHECK(block_ ? count <= block_->end - block_->begin : count == 0);
        if (block_)
            block_->begin += static_cast<std::uint32_t>(count);
        if (is_empty())
            clear();
    }
    void clear() { block_.reset(); }

private:
    struct Block {
        std::uint32_t begin = 0, end = 0;
        std::array<std::byte, Limit> bytes;
    };

    void compact()
    {
        auto const data = block_->bytes.begin();
        std::copy(data + block_->begin, data + block_->end, data);
        block_->end -= block_->begin;
        block_->begin = 0;
    }

    std::unique_ptr<Block> block_;
};

} // namespace osh::netproxy::core
