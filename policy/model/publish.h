#pragma once
// A port of the host's loopback that leads to a listener inside: "[HOST:]PORT[:PORT]". Text to
// value only; who listens and connects is launcher/supervise/published_ports.

#include "policy/base/result.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace osh::policy
{

inline constexpr std::size_t kMaxPublished = 64; // of one session

enum class LoopbackFamily : std::uint8_t { Both, V4, V6 };

struct PublishSpec {
    LoopbackFamily family = LoopbackFamily::Both; // a HOST of the text narrows it
    std::uint16_t host_port = 0;                  // 0: any that is free
    std::uint16_t inside_port = 0;                // never 0

    friend bool operator==(PublishSpec const&, PublishSpec const&) = default;
};

// "3000", "8080:3000", "0:3000", "127.0.0.1:8080:3000", "[::1]:3000", "localhost:8080:3000".
// Errc::Invalid with a sentence that says what to write; any host but the loopback is refused.
Result<PublishSpec> parse_publish(std::string_view text);
std::string text_of(PublishSpec const& spec);

} // namespace osh::policy
