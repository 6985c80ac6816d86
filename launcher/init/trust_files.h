#pragma once
// Makes the sandbox's programs trust the session's authority, once its certificate is known: the
// bundle, the hashed directory, Java's key store, policies of browsers. Last writes to the root
// file system, before it becomes read-only.

#include "launcher/plan/plan.h"
#include "launcher/sys/fd.h"

#include <string>
#include <vector>

namespace osh::launcher
{

// Both run inside: "/" is the sandbox's root, `root` a descriptor of it.
struct BegunTrust {
    sys::Fd bundle;                 // open for more; not open when nothing asks for trust
    std::vector<std::string> names; // in the hashed directory
};
// What does not need the certificate, while netproxy makes it. `host_bundle` may be not open.
Result<BegunTrust> begin_trust(Plan const& plan, sys::Fd const& root, sys::Fd const& host_bundle);

// `ca_pem`: "" without network.
struct TrustParts {
    Plan const& plan;
    sys::Fd const& root;
    std::string const& ca_pem;
};
Result<> end_trust(TrustParts const& parts, BegunTrust begun);

} // namespace osh::launcher
