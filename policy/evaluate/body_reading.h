#pragma once
// A body that a rule judges as JSON must be JSON for its server as well, and the same JSON. What it
// is read as hangs on fields of the head: Content-Encoding, Content-Type and its charset.
//
// Not: what the JSON says (json_body.h). RFC 9110 sections 8.3 and 8.4.

#include "policy/base/result.h"
#include "policy/evaluate/question.h"

#include <span>
#include <string_view>

namespace osh::policy
{

// An error where a server could read something else than UTF-8 JSON: another charset (UTF-7 turns
// plain letters into quotes), an encoding, parts, or a form in which one of `keys` stands.
Result<> check_reading(
    std::span<Header const> headers, std::string_view body, std::span<std::string_view const> keys);

} // namespace osh::policy
