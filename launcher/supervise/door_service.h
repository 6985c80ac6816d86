#pragma once
// What runs in the process behind opened sockets: takes the connections that programs inside make,
// and connects each to the host's socket. osh executes itself for it, with an empty environment:
// a copy of the supervisor would have the person's environment and whatever else it knows in its
// memory, beside a parser of what hostile programs say. It can open no file and no other family's
// sockets, start nothing, and ends with its channel.

#include "launcher/plan/plan.h"

#include <cstddef>
#include <vector>

namespace osh::launcher
{

inline constexpr char const* kDoorService = "osh-doors"; // argv[0]
inline constexpr int kDoorChannel = 3, kFirstDoor = 4;   // descriptors at its start
inline constexpr std::size_t kMaxPassages = 64; // connections at once; more are closed at once

// The first message on its channel: names and places on the host.
std::vector<std::byte> encode_doors(std::vector<Door> const& doors);

int serve_doors(); // the exit status

} // namespace osh::launcher
