#pragma once
// The forms in which a value travels: base64, hex, percent, JSON. Pure. Not here: which of them to
// look for (scrub.h).

#include <optional>
#include <string>
#include <string_view>

namespace osh::credentials
{

enum class Alphabet { Standard, UrlSafe }; // RFC 4648 sections 4 and 5

std::string base64(std::string_view bytes, Alphabet alphabet = Alphabet::Standard); // padded
// Both alphabets, padding optional; nullopt for anything else.
std::optional<std::string> from_base64(std::string_view text);

enum class Case { Lower, Upper };
std::string hex(std::string_view bytes, Case letters);
std::string percent(std::string_view bytes, Case letters); // all but RFC 3986 unreserved
std::string from_percent(std::string_view text);           // what is no escape stays as it is
std::string json_escaped(std::string_view text);           // without quotes, "/" left alone

} // namespace osh::credentials
