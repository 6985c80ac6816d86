#pragma once
// Rests of requests that were answered before they ended: read and thrown away up to a bound,
// because some clients take a reset for a failure of the answer. Pure.

#include <cstddef>
#include <cstdint>
#include <map>

namespace osh::netproxy::proxy
{

class Http2Rests
{
public:
    static constexpr std::size_t kMostBytes = 256 * 1024; // of one request

    void begin(std::int32_t stream) { taken_.emplace(stream, 0); }
    void end(std::int32_t stream) { taken_.erase(stream); }
    bool holds(std::int32_t stream) const { return taken_.contains(stream); }
    // False: too much of it. Of a stream that is held.
    bool takes(std::int32_t stream, std::size_t size)
    {
        return (taken_[stream] += size) <= kMostBytes;
    }

private:
    std::map<std::int32_t, std::size_t> taken_; // bounded by the streams that may be open
};

} // namespace osh::netproxy::proxy
