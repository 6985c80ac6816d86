#include "netproxy/stack/replies.h"

#include <algorithm>

namespace osh::netproxy::stack
{

Replies::Reply* Replies::add(std::size_t payload_size)
{
    if (count_ == kMostPackets || bytes_ + payload_size > kMostBytes)
        return nullptr;
    if (count_ == ring_.size()) {
        std::ranges::rotate(ring_, ring_.begin() + static_cast<std::ptrdiff_t>(first_));
        first_ = 0;
        ring_.emplace_back();
    }
    Reply& reply = ring_[(first_ + count_) % ring_.size()];
    reply.head = PacketOut();
    reply.payload.assign(payload_size, std::byte{0});
    bytes_ += payload_size;
    ++count_;
    return &reply;
}

bool Replies::take(PacketOut& out)
{
    if (count_ == 0)
        return false;
    Reply& reply = ring_[first_];
    bytes_ -= reply.payload.size();
    out = reply.head;
    taken_.swap(reply.payload);
    if (reply.payload.capacity() > kKeptCapacity)
        reply.payload = {};
    out.payload = {Bytes(taken_), Bytes()};
    first_ = (first_ + 1) % ring_.size();
    --count_;
    return true;
}

} // namespace osh::netproxy::stack
