#pragma once
// Names that are never answered and never asked about, whatever a policy says: cloud metadata and
// the host's own loopback (design: approvals, rule 12). The addresses behind them are refused again
// when dialled.

#include <string_view>

namespace osh::netproxy::core
{

bool is_forbidden_name(std::string_view lower_case_name);

} // namespace osh::netproxy::core
