#include "netproxy/shell/tun_device.h"

#include "launcher/sys/socket.h"

namespace osh::netproxy::shell
{

using sys::IoStatus;

bool TunDevice::is_probably_last(std::size_t packets)
{
    if (packets > 1 || singles_ < kSingles)
        return false;
    return ++singles_ % kBlind != 0;
}

Result<> TunDevice::read_batch(std::function<void(Bytes)> const& on_packet)
{
    std::size_t bytes = 0;
    for (std::size_t packets = 0; packets < kBatchPackets && bytes < kBatchBytes; ++packets) {
        auto const read = sys::read_packet(device_, buffer_);
        if (read.status == IoStatus::Busy) {
            singles_ = packets == 1 ? singles_ + 1 : 0;
            return {};
        }
        if (read.status == IoStatus::Ended)
            return fail(Errc::Closed, "the tun device is gone");
        if (read.status == IoStatus::Failed)
            return fail_errno(read.error, "cannot read from the tun device");
        on_packet(Bytes(buffer_).first(read.count));
        bytes += read.count;
        if (is_probably_last(packets + 1))
            return {};
    }
    singles_ = 0;
    return {};
}

Result<> TunDevice::write_stashed()
{
    if (stashed_.empty())
        return {};
    std::array<Bytes, 1> const parts{Bytes(stashed_)};
    auto const written = sys::write_packet(device_, parts);
    if (written.status == IoStatus::Busy)
        return {};
    stashed_.clear(); // a packet that the kernel refuses is lost as on any link: sent again later
    return {};
}

Result<> TunDevice::write_one(stack::PacketOut const& packet)
{
    std::array<Bytes, 3> const parts{
        Bytes(packet.header).first(packet.header_size), packet.payload[0], packet.payload[1]};
    auto const written = sys::write_packet(device_, parts);
    if (written.status == IoStatus::Failed && (written.error == EIO || written.error == EBADFD))
        return fail_errno(written.error, "cannot write to the tun device"); // the sandbox has ended
    if (written.status == IoStatus::Busy)
        for (auto const& part : parts)
            stashed_.insert(stashed_.end(), part.begin(), part.end());
    return {};
}

Result<> TunDevice::write_all(stack::Stack& stack, Instant now)
{
    TRY(write_stashed());
    stack::PacketOut packet;
    while (stashed_.empty() && stack.next_packet(packet, now))
        TRY(write_one(packet));
    return {};
}

} // namespace osh::netproxy::shell
