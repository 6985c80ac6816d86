#pragma once
// Byte queues of flows, made of chunks from one bounded pool. A queue without bytes holds no
// memory, so an idle flow costs nothing here; a chunk that was emptied goes to whoever needs one
// next, still warm in the cache.
//
// Chunks come in two sizes: small ones for requests and answers, large ones for streams. A small
// one is only ever the first of a queue, so any 64 KiB of a queue lie in at most two parts.

#include "policy/base/bytes.h"

#include <array>
#include <cstdint>
#include <memory>
#include <vector>

namespace osh::netproxy::stack
{

struct Chunk {
    std::unique_ptr<std::byte[]> bytes;
    std::uint32_t size = 0;
};

class ChunkPool
{
public:
    static constexpr std::uint32_t kSmall = 4 * 1024;
    static constexpr std::uint32_t kLarge = 64 * 1024;

    explicit ChunkPool(std::uint64_t limit) : limit_(limit) {}

    Chunk take(std::uint32_t size); // without bytes when the limit is reached
    void give(Chunk chunk);
    std::uint64_t used() const { return used_; }
    std::uint64_t room() const { return used_ < limit_ ? limit_ - used_ : 0; }
    // What is held elsewhere and counts here; it may go beyond the limit.
    void hold(std::uint64_t bytes) { used_ += bytes; }
    void free(std::uint64_t bytes) { used_ -= bytes; }

private:
    std::vector<Chunk>& spare(std::uint32_t size) { return size == kSmall ? small_ : large_; }

    // Spare chunks kept for reuse; more are given back to the system.
    static constexpr std::size_t kMostSpareLarge = 64, kMostSpareSmall = 256;

    std::uint64_t limit_;
    std::uint64_t used_ = 0;
    std::vector<Chunk> small_, large_;
};

class Ring
{
public:
    std::size_t size() const { return size_; }
    bool is_unused() const { return extent_ == 0; } // nothing behind a gap either
    bool holds_memory() const { return !chunks_.empty(); }

    // Bytes at a distance from the first one. False, and nothing changed, if the pool is empty.
    bool write(ChunkPool& pool, std::size_t offset, Bytes bytes);
    // The same at the front of an unused queue, without copying them yet: they are read where they
    // are, and must stay there until keep().
    bool write_later(ChunkPool& pool, Bytes bytes);
    void keep();
    // `count` more bytes from the front on are complete.
    void extend(std::size_t count);
    void consume(ChunkPool& pool, std::size_t count);
    void clear(ChunkPool& pool);

    Bytes front() const; // the first contiguous part
    std::array<Bytes, 2> view(std::size_t offset, std::size_t count) const; // count <= kLarge

    void copy(std::size_t offset, MutableBytes into) const; // of complete bytes

    // Room behind the last byte, at most `limit`; empty if the pool has none.
    MutableBytes space(ChunkPool& pool, std::size_t limit);

private:
    bool reserve(ChunkPool& pool, std::size_t end);
    void put(std::size_t at, Bytes bytes); // at: from the start of the first chunk
    std::uint32_t next_size(std::size_t wanted) const;
    void trim(ChunkPool& pool);

    std::vector<Chunk> chunks_;
    Bytes lent_; // the front of the queue, still elsewhere; its place in the chunks is reserved
    std::uint32_t head_ = 0;     // of the first chunk, already consumed
    std::uint32_t capacity_ = 0; // of all chunks
    std::uint32_t size_ = 0;     // complete bytes
    std::uint32_t extent_ = 0;   // complete or out of order: the end of what was written
    bool is_stream_ = false;     // filled a small chunk before: starts with a large one now
};

} // namespace osh::netproxy::stack
