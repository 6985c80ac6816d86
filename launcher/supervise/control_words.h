#pragma once
// The desk's values in the words of the control socket.

#include "launcher/supervise/core/desk.h"
#include "policy/messages/control.h"

namespace osh::launcher
{

policy::control::Question control_question(QuestionView const& view);
policy::control::Grant control_grant(Grant const& grant);

} // namespace osh::launcher
