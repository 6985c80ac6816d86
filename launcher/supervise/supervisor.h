#pragma once
// The driver of one session: starts the helpers, performs what core/session_state and core/desk
// decide, and leaves nothing behind. One epoll loop, no threads. It decides nothing about the
// network: netproxy does, and people through the desk.

#include "credentials/secret.h"
#include "launcher/plan/plan.h"
#include "launcher/supervise/core/stdio.h"
#include "launcher/supervise/head_start.h"
#include "launcher/supervise/places.h"
#include "policy/compile/policy.h"
#include "policy/messages/netproxy.h"
#include "policy/model/profile.h"

#include <memory>
#include <string>
#include <vector>

namespace osh::launcher
{

enum class Verbosity { Quiet, Normal, Verbose };
enum class OnDenied : bool { KeepStatus, Fail };

// A secret lent to netproxy for this session; `words.value` is filled at the moment of sending.
struct LentSecret {
    policy::Lend words;
    credentials::Secret value;
};

struct SessionRequest {
    policy::Profile profile;
    std::vector<policy::PolicyLayer> layers;
    Plan plan;
    HostFacts facts;
    HeadStart head_start;
    std::vector<LentSecret> secrets;
    std::string name, agent; // the person's name for the session; the command's base name
    TerminalWish terminal = TerminalWish::Auto;
    Verbosity verbosity = Verbosity::Normal;
    OnDenied on_denied = OnDenied::KeepStatus;
    bool is_attended = false; // a person is at a terminal, or was promised by --approvals ask
    std::string report;       // --report: "", none, short, full, json, json=FILE
};

// Runs the session to its end; the exit code of `osh run`.
int supervise(SessionRequest request, SessionFolders folders);

} // namespace osh::launcher
