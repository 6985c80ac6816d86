#pragma once
// A first-in first-out byte buffer that hands out one contiguous view. Not bounded by itself: its
// owner asks room() before it appends.

#include "policy/base/bytes.h"

#include <algorithm>

namespace osh::netproxy::proxy
{

class ByteQueue
{
public:
    std::size_t size() const { return bytes_.size() - start_; }
    bool is_empty() const { return size() == 0; }
    std::size_t held() const { return bytes_.capacity(); } // memory
    Bytes view() const { return Bytes(bytes_).subspan(start_); }
    std::size_t room(std::size_t limit) const { return limit - std::min(limit, size()); }

    void append(Bytes bytes)
    {
        // Moves the rest to the front only when that is less work than what was consumed.
        if (start_ > 0 && start_ >= bytes_.size() / 2) {
            bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(start_));
            start_ = 0;
        }
        bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
    }
    void append(std::string_view text) { append(bytes_of(text)); }

    void consume(std::size_t count)
    {
        start_ += std::min(count, size());
        if (start_ == bytes_.size())
            clear(); // keeps the memory for the next batch
    }
    void clear()
    {
        bytes_.clear();
        start_ = 0;
    }

private:
    std::vector<std::byte> bytes_;
    std::size_t start_ = 0;
};

} // namespace osh::netproxy::proxy
