#pragma once
// The shapes of placeholders: what a token of a vendor looks like, so that tools that check theirs
// locally are content. Data; made into text by credentials/rewrite/placeholder.

#include <string_view>
#include <vector>

namespace osh::policy
{

enum class ShapeForm {
    Prefixed, // prefix, then `length` characters of the alphabet
    Uuid,     // RFC 4122 version 4
    Jwt,      // RFC 7519: a header and claims that parse, and a random signature
};

struct PlaceholderShape {
    std::string_view name;
    ShapeForm form = ShapeForm::Prefixed;
    std::string_view prefix, alphabet;
    unsigned length = 0;
    std::string_view suffix;
};

std::vector<PlaceholderShape> const& placeholder_shapes();
PlaceholderShape const* find_shape(std::string_view name); // null if unknown

} // namespace osh::policy
