#pragma once
// Makes the sandbox's programs trust the session's authority, once its certificate is known: the
// hashed directory, Java's key store, policies of browsers. Last writes to the root
// file system, before it becomes read-only.

#include "launcher/plan/plan.h"
#include "launcher/sys/fd.h"

namespace osh::launcher
{

struct TrustParts {
    Plan const& plan;
    sys::Fd const& root;
    std::string const& ca_pem; // "" without network
};

// Runs inside: "/" is the sandbox's root.
Result<> write_trust(TrustParts const& parts);

} // namespace osh::launcher
