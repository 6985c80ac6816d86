#pragma once
// The broker: a process of ours in the agent's place that carries out the agent's calls which make
// names or open files for writing, so that it can refuse a name where the host would obey it later
// (seccomp_unotify(2); security design H14). It stands in the same mount namespace, user and
// Landlock domain as the agent: what it does passes the same mounts and rights as if the agent had
// done it. It adds refusals and nothing else. Its end ends the session.
//
// One process, one call after the other: between the look at a place and the act no other call can
// move anything. The caller's memory is read once, and only what was read is used.

#include "launcher/guard/name_rules.h"
#include "launcher/sys/fd.h"
#include "policy/base/bytes.h"

#include <string>
#include <variant>
#include <vector>

namespace osh::launcher
{

struct BrokerParts {
    GuardPlan rules;
    sys::Fd proc;     // a procfs of the sandbox
    sys::Fd listener; // of the agent's filter
    sys::Fd reports;  // to init: one message per refusal; its closing is our end
    bool has_other_roots = false;
};

// Does not return before the last caller is gone.
int run_broker(BrokerParts parts);

// What the broker tells init. A refusal needs no answer; whether a process may be traced is init's
// to say, in one byte: it can mark it, and the broker cannot.
struct RefusedName {
    std::string path, why;
};
// A connect(2): init looks who makes it and answers with any byte; then the broker says whether the
// call still waited.
struct ConnectQuestion {
    std::int32_t thread = 0, descriptor = 0;
};
struct ConnectStands {
};
struct TraceQuestion {
    std::int32_t thread = 0;
    std::uint64_t request = 0, target = 0; // arguments of ptrace(2)
};
using Report = std::variant<RefusedName, TraceQuestion, ConnectQuestion, ConnectStands>;
inline constexpr std::size_t kMaxReport = 2048;
inline constexpr std::uint8_t kMayTrace = 1;

std::vector<std::byte> encode(Report const& report);
Result<Report> decode_report(Bytes message);

} // namespace osh::launcher
