#pragma once
// A bounded queue of bytes between two steps that go at different speeds. Takes memory when it
// holds something, gives it back when it is empty, so idle flows cost nothing.

#include "policy/base/bytes.h"
#include "policy/base/check.h"

#include <algorithm>
#include <memory>

namespace osh::netproxy::core
{

class ByteQueue
{
public:
    explicit ByteQueue(std::size_t limit) : limit_(limit) {}

    Bytes front() const { return Bytes(data_.get(), size_).subspan(begin_); }
    bool is_empty() const { return begin_ == size_; }

    // Room at the end, to be filled in place. Empty when the limit is reached.
    MutableBytes space()
    {
        if (data_ == nullptr)
            data_ = std::make_unique_for_overwrite<std::byte[]>(limit_); // no zeroes per record
        if (begin_ > limit_ / 2 && size_ == limit_)
            compact();
        return MutableBytes(data_.get(), limit_).subspan(size_);
    }
    bool has_space() const { return size_ < limit_ || begin_ > limit_ / 2; }
    void commit(std::size_t count)
    {
        OSH_CHECK(data_ != nullptr ? count <= limit_ - size_ : count == 0);
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
        data_.reset();
    }

private:
    void compact()
    {
        std::copy(data_.get() + begin_, data_.get() + size_, data_.get());
        size_ -= begin_;
        begin_ = 0;
    }

    std::size_t limit_;
    std::unique_ptr<std::byte[]> data_; // none, or limit_ long
    std::size_t begin_ = 0, size_ = 0;
};

} // namespace osh::netproxy::core
