#pragma once
// A value inside JSON: by pointer (RFC 6901), or the shapes that helpers print. Not here: where the
// text comes from.

#include "policy/base/result.h"

#include <string>
#include <string_view>

namespace osh::credentials
{

// The text (or number) that the pointer names.
Result<std::string> value_at(std::string_view json, std::string_view pointer);
// What a command printed: { "value": "…" } gives the value, anything else is the value itself,
// without the white space around it.
std::string value_of_output(std::string_view output);

} // namespace osh::credentials
