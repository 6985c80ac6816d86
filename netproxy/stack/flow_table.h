#pragma once
// All flows: found by id in one step, by addresses through a keyed hash table. Slots are reused,
// ids never are.

#include "netproxy/stack/flow.h"

#include <memory>
#include <unordered_map>
#include <vector>

namespace osh::netproxy::stack
{

class FlowTable
{
public:
    FlowTable(std::uint32_t capacity, std::uint64_t seed);

    Flow* find(FlowId id);
    Flow const* find(FlowId id) const;
    Flow* find(FlowKey const& key);
    // A fresh flow. Null when the table is full.
    Flow* add(FlowKey const& key);
    void remove(Flow& flow);
    // Into TIME-WAIT: it counts no more as one of its destination's.
    void retire(Flow& flow);
    Flow& at(Slot slot) { return pages_[slot / kPage][slot % kPage]; }

    std::uint32_t size() const { return size_; }
    std::uint32_t capacity() const { return capacity_; }
    std::uint32_t count_to(IpAddress const& destination) const;

private:
    static constexpr std::uint32_t kPage = 64;     // flows allocated at once
    static constexpr std::uint32_t kSlotBits = 20; // of an id; the rest is a serial number
    static constexpr std::uint32_t kSmallestIndex = 64;

    struct AddressHash {
        std::uint64_t seed;
        std::size_t operator()(IpAddress const& address) const;
    };

    std::uint64_t hash(FlowKey const& key) const;
    std::size_t ideal(Slot slot) const;
    void grow_index();
    void insert_index(Slot slot);
    void erase_index(Slot slot);
    void leave_destination(Flow const& flow);
    Slot take_slot();

    std::uint32_t capacity_;
    std::uint64_t seed_;
    std::uint64_t serial_ = 0;
    std::uint32_t size_ = 0;
    Slot free_ = kNoSlot;
    Slot next_new_ = 0;
    std::vector<std::unique_ptr<Flow[]>> pages_;
    std::vector<Slot> index_; // open addressing, linear probing; a power of two, at most half full
    std::unordered_map<IpAddress, std::uint32_t, AddressHash> per_destination_;
};

} // namespace osh::netproxy::stack
