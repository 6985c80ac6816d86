#pragma once
// Frames that cost us work and give nothing: PING, SETTINGS, PRIORITY, RST_STREAM, empty DATA,
// needless WINDOW_UPDATE (CVE-2019-9511 to 9518, CVE-2023-44487). A bucket of tokens that time
// refills; empty, the connection ends with ENHANCE_YOUR_CALM (RFC 9113 section 10.5). Pure.

#include "policy/base/time.h"

#include <algorithm>
#include <cstdint>

namespace osh::netproxy::proxy
{

class FloodGuard
{
public:
    static constexpr double kBurst = 1000;   // a browser that leaves a page resets 100 at once
    static constexpr double kPerSecond = 50; // a keep-alive PING is one in ten seconds
    static constexpr unsigned kUpdatesPerFrame = 4; // WINDOW_UPDATEs that one frame of ours earns
    static constexpr unsigned kFirstUpdates = 256;

    enum class Frame : std::uint8_t { Ping, Settings, Priority, Reset, EmptyData, WindowUpdate };

    void set_time(Instant now)
    {
        if (last_ != Instant{} && last_ < now) {
            auto const passed = std::chrono::duration<double>(now - last_).count();
            tokens_ = std::min(kBurst, tokens_ + passed * kPerSecond);
        }
        last_ = now;
    }
    void frame_sent() { updates_ += kUpdatesPerFrame; }
    // False: too many.
    bool takes(Frame frame)
    {
        if (frame == Frame::WindowUpdate && updates_ > 0) {
            --updates_;
            return true;
        }
        tokens_ -= cost_of(frame);
        return tokens_ >= 0;
    }

private:
    static double cost_of(Frame frame)
    {
        switch (frame) {
        case Frame::Settings: return 10;
        case Frame::Reset: return 2; // and a request for each
        case Frame::Ping:
        case Frame::Priority:
        case Frame::EmptyData:
        case Frame::WindowUpdate: return 1;
        }
        return kBurst;
    }

    double tokens_ = kBurst;
    std::uint64_t updates_ = kFirstUpdates;
    Instant last_{};
};

} // namespace osh::netproxy::proxy
