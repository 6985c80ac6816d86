#include "netproxy/stack/ring.h"

#include "policy/base/check.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace osh::netproxy::stack
{

Chunk ChunkPool::take(std::uint32_t size)
{
    if (size > room())
        return {};
    used_ += size;
    auto& free = spare(size);
    if (free.empty())
        return {std::make_unique_for_overwrite<std::byte[]>(size), size};
    Chunk chunk = std::move(free.back());
    free.pop_back();
    return chunk;
}

void ChunkPool::give(Chunk chunk)
{
    used_ -= chunk.size;
    auto& free = spare(chunk.size);
    if (free.size() < (chunk.size == kSmall ? kMostSpareSmall : kMostSpareLarge))
        free.push_back(std::move(chunk));
}

std::uint32_t Ring::next_size(std::size_t wanted) const
{
    bool const is_small = chunks_.empty() && !is_stream_ && wanted <= ChunkPool::kSmall;
    return is_small ? ChunkPool::kSmall : ChunkPool::kLarge;
}

bool Ring::reserve(ChunkPool& pool, std::size_t end)
{
    while (head_ + end > capacity_) {
        Chunk chunk = pool.take(next_size(end));
        if (!chunk.bytes) {
            trim(pool);
            return false;
        }
        capacity_ += chunk.size;
        chunks_.push_back(std::move(chunk));
    }
    return true;
}

// A queue without bytes holds no chunk.
void Ring::trim(ChunkPool& pool)
{
    if (extent_ == 0)
        clear(pool);
}

void Ring::clear(ChunkPool& pool)
{
    for (Chunk& chunk : chunks_)
        pool.give(std::move(chunk));
    chunks_ = std::vector<Chunk>(); // its table, too
    lent_ = {};
    head_ = capacity_ = size_ = extent_ = 0;
}

bool Ring::write(ChunkPool& pool, std::size_t offset, Bytes bytes)
{
    if (!reserve(pool, offset + bytes.size()))
        return false;
    extent_ = std::max(extent_, static_cast<std::uint32_t>(offset + bytes.size()));
    put(head_ + offset, bytes);
    return true;
}

void Ring::put(std::size_t at, Bytes bytes)
{
    for (auto& chunk : chunks_) {
        if (bytes.empty())
            break;
        if (at >= chunk.size) {
            at -= chunk.size;
            continue;
        }
        std::size_t const count = std::min(bytes.size(), chunk.size - at);
        std::memcpy(chunk.bytes.get() + at, bytes.data(), count);
        bytes = bytes.subspan(count);
        at = 0;
    }
}

bool Ring::write_later(ChunkPool& pool, Bytes bytes)
{
    OSH_CHECK(extent_ == 0);
    if (!reserve(pool, bytes.size()))
        return false;
    extent_ = static_cast<std::uint32_t>(bytes.size());
    lent_ = bytes;
    return true;
}

void Ring::keep()
{
    put(head_, std::exchange(lent_, Bytes()));
}

void Ring::extend(std::size_t count)
{
    size_ += static_cast<std::uint32_t>(count);
    OSH_CHECK(head_ + size_ <= capacity_);
    extent_ = std::max(extent_, size_);
    if (head_ + size_ == capacity_)
        is_stream_ = true;
}

void Ring::consume(ChunkPool& pool, std::size_t count)
{
    OSH_CHECK(count <= size_);
    lent_ = lent_.subspan(std::min(count, lent_.size()));
    size_ -= static_cast<std::uint32_t>(count);
    extent_ -= static_cast<std::uint32_t>(count);
    head_ += static_cast<std::uint32_t>(count);
    while (!chunks_.empty() && head_ >= chunks_.front().size) {
        head_ -= chunks_.front().size;
        capacity_ -= chunks_.front().size;
        pool.give(std::move(chunks_.front()));
        chunks_.erase(chunks_.begin());
    }
    trim(pool);
}

std::array<Bytes, 2> Ring::view(std::size_t offset, std::size_t count) const
{
    std::array<Bytes, 2> parts;
    std::size_t used = 0;
    std::size_t at = head_ + offset;
    for (auto const& chunk : chunks_) {
        if (count == 0)
            break;
        if (at >= chunk.size) {
            at -= chunk.size;
            continue;
        }
        std::size_t const part = std::min<std::size_t>(count, chunk.size - at);
        OSH_CHECK(used < parts.size());
        parts[used++] = Bytes(chunk.bytes.get() + at, part);
        count -= part;
        at = 0;
    }
    return parts;
}

void Ring::copy(std::size_t offset, MutableBytes into) const
{
    OSH_CHECK(lent_.empty() && offset + into.size() <= size_ && into.size() <= ChunkPool::kLarge);
    for (Bytes const part : view(offset, into.size())) {
        std::ranges::copy(part, into.begin());
        into = into.subspan(part.size());
    }
}

Bytes Ring::front() const
{
    if (size_ == 0)
        return {};
    if (!lent_.empty())
        return lent_;
    std::size_t const count = std::min(size_, chunks_.front().size - head_);
    return {chunks_.front().bytes.get() + head_, count};
}

MutableBytes Ring::space(ChunkPool& pool, std::size_t limit)
{
    if (limit == 0)
        return {};
    if (head_ + size_ == capacity_ && !reserve(pool, size_ + 1))
        return {};
    std::size_t at = head_ + size_;
    for (auto& chunk : chunks_) {
        if (at < chunk.size)
            return {chunk.bytes.get() + at, std::min<std::size_t>(limit, chunk.size - at)};
        at -= chunk.size;
    }
    return {};
}

} // namespace osh::netproxy::stack
