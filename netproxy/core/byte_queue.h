#pragma once
// A bounded queue of bytes between two steps that go at different speeds. Takes memory when it
// holds something, gives it back when it is empty, so idle flows cost nothing.

#include "policy/base/bytes.h"
#include "policy/base/check.h"

#include <algorithm>
#include <vector>

namespace osh::netproxy::core
{

class ByteQueue
{
public:
    explicit ByteQueue(std::size_t limit) : limit_(limit) {}

    Bytes front() const { return Bytes(data_).subspan(begin_, size_ - begin_); }
    bool is_empty() const { return begin_ == size_; }

    // Room at the end, to be filled in place. Empty when the limit is reached.
    MutableBytes space()
    {
        if (data_.empty())
            data_.resize(limit_);
        if (begin_ > limit_ / 2 && size_ == limit_)
            compact();
        return MutableBytes(data_).subspan(size_);
    }
    bool has_space() const { return size_ < limit_ || begin_ > limit_ / 2; }
    void commit(std::size_t count)
    {
        OSH_CHECK(count <= data_.size() - size_);
        size_ += count;
    }
    void consume(std::size_t count)
    {
        OSH_CHECK(count <= size_ - begin_);
        begin_ += count;
        if (is_empty())
            clear();
    }
    void clear()
    {
        begin_ = size_ = 0;
        std::vector<std::byte>().swap(data_);
    }

private:
    void compact()
    {
        std::copy(data_.begin() + static_cast<std::ptrdiff_t>(begin_), data_.end(), data_.begin());
        size_ -= begin_;
        begin_ = 0;
    }

    std::size_t limit_;
    std::vector<std::byte> data_; // empty or limit_ long
    std::size_t begin_ = 0, size_ = 0;
};

} // namespace osh::netproxy::core
