#include "netproxy/stack/flow_table.h"

#include "netproxy/stack/hash.h"
#include "policy/base/check.h"

#include <algorithm>

namespace osh::netproxy::stack
{

FlowTable::FlowTable(std::uint32_t capacity, std::uint64_t seed)
    : capacity_(std::min(capacity, 1u << kSlotBits)), seed_(seed), index_(kSmallestIndex, kNoSlot),
      per_destination_(kSmallestIndex, AddressHash{seed})
{
}

std::size_t FlowTable::AddressHash::operator()(IpAddress const& address) const
{
    return KeyedHash(seed).mix(address).digest();
}

std::uint64_t FlowTable::hash(FlowKey const& key) const
{
    return KeyedHash(seed_)
        .mix(key.destination)
        .mix(std::uint64_t{key.source_port} << 16 | key.destination_port)
        .digest();
}

std::size_t FlowTable::ideal(Slot slot) const
{
    return hash(pages_[slot / kPage][slot % kPage].key) & (index_.size() - 1);
}

Flow const* FlowTable::find(FlowId id) const
{
    Slot const slot = id & ((1u << kSlotBits) - 1);
    if (slot >= next_new_)
        return nullptr;
    Flow const& flow = pages_[slot / kPage][slot % kPage];
    return flow.id == id && flow.state != TcpState::Free ? &flow : nullptr;
}

Flow* FlowTable::find(FlowId id)
{
    return const_cast<Flow*>(std::as_const(*this).find(id));
}

Flow* FlowTable::find(FlowKey const& key)
{
    std::size_t const mask = index_.size() - 1;
    for (std::size_t i = hash(key) & mask; index_[i] != kNoSlot; i = (i + 1) & mask) {
        Flow& flow = at(index_[i]);
        if (flow.key == key)
            return &flow;
    }
    return nullptr;
}

void FlowTable::insert_index(Slot slot)
{
    std::size_t i = ideal(slot);
    while (index_[i] != kNoSlot)
        i = (i + 1) & (index_.size() - 1);
    index_[i] = slot;
}

void FlowTable::grow_index()
{
    std::vector<Slot> old(index_.size() * 2, kNoSlot);
    old.swap(index_);
    for (Slot const slot : old) {
        if (slot != kNoSlot)
            insert_index(slot);
    }
}

// Deletion by shifting back: no tombstones, so a table that saw many flows stays as fast as new
// (Knuth, TAOCP 6.4, algorithm R).
void FlowTable::erase_index(Slot slot)
{
    std::size_t const mask = index_.size() - 1;
    std::size_t hole = ideal(slot);
    while (index_[hole] != slot)
        hole = (hole + 1) & mask;
    for (std::size_t i = (hole + 1) & mask; index_[i] != kNoSlot; i = (i + 1) & mask) {
        if (((i - ideal(index_[i])) & mask) >= ((i - hole) & mask)) {
            index_[hole] = index_[i];
            hole = i;
        }
    }
    index_[hole] = kNoSlot;
}

Slot FlowTable::take_slot()
{
    if (free_ != kNoSlot) {
        Slot const slot = free_;
        free_ = at(slot).next_free;
        return slot;
    }
    if (next_new_ % kPage == 0)
        pages_.push_back(std::make_unique<Flow[]>(kPage));
    return next_new_++;
}

Flow* FlowTable::add(FlowKey const& key)
{
    if (size_ >= capacity_)
        return nullptr;
    Slot const slot = take_slot();
    Flow& flow = at(slot);
    flow = Flow();
    flow.slot = slot;
    flow.id = ++serial_ << kSlotBits | slot;
    flow.key = key;
    flow.state = TcpState::Held;
    ++size_;
    ++per_destination_[key.destination];
    if (size_ * 2 > index_.size())
        grow_index();
    insert_index(slot);
    return &flow;
}

void FlowTable::leave_destination(Flow const& flow)
{
    auto const count = per_destination_.find(flow.key.destination);
    if (--count->second == 0)
        per_destination_.erase(count);
}

void FlowTable::retire(Flow& flow)
{
    OSH_CHECK(flow.state != TcpState::Free && flow.state != TcpState::TimeWait);
    leave_destination(flow);
    flow.state = TcpState::TimeWait;
}

void FlowTable::remove(Flow& flow)
{
    OSH_CHECK(flow.state != TcpState::Free);
    erase_index(flow.slot);
    if (flow.state != TcpState::TimeWait)
        leave_destination(flow);
    flow.state = TcpState::Free;
    flow.next_free = free_;
    free_ = flow.slot;
    --size_;
}

std::uint32_t FlowTable::count_to(IpAddress const& destination) const
{
    auto const found = per_destination_.find(destination);
    return found == per_destination_.end() ? 0 : found->second;
}

} // namespace osh::netproxy::stack
