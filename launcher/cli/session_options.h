#pragma once
// The options of `osh run` (and of whatever does the same without running, `osh plan`): from words
// to a session that could be started. Reads profiles, policies and the host; starts nothing
// but the helpers of a session that is to run.

#include "launcher/cli/options.h"
#include "launcher/supervise/supervisor.h"

#include <string>

namespace osh::cli
{

// Rows that `osh run` and `osh plan` share.
std::vector<OptionRow> session_option_rows();

enum class For : bool { Show, Run }; // `osh plan` needs no secret, and no helper

// The error's sentence is the whole paragraph for people.
Result<launcher::SessionRequest> session_request(ParsedOptions const& options, For use);

} // namespace osh::cli
