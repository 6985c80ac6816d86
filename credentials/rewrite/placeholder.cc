#include "credentials/rewrite/placeholder.h"

#include "credentials/rewrite/encoding.h"
#include "policy/base/text.h"
#include "policy/model/placeholder_shape.h"

#include <fmt/core.h>

namespace osh::credentials
{
namespace
{

using policy::PlaceholderShape;
using policy::ShapeForm;

// Two bytes for a character keep the modulo's bias below a thousandth.
std::string random_text(std::string_view alphabet, std::size_t length, Bytes random)
{
    std::string out;
    for (std::size_t i = 0; i < length; ++i) {
        unsigned const number = std::to_integer<unsigned>(random[2 * i]) * 256
                                + std::to_integer<unsigned>(random[2 * i + 1]);
        out += alphabet[number % alphabet.size()];
    }
    return out;
}

// RFC 9562 section 5.4.
std::string uuid(Bytes random)
{
    std::string bytes(text_of(random.first(16)));
    bytes[6] = static_cast<char>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<char>((bytes[8] & 0x3f) | 0x80);
    std::string const digits = hex(bytes, Case::Lower);
    return fmt::format("{}-{}-{}-{}-{}", digits.substr(0, 8), digits.substr(8, 4),
        digits.substr(12, 4), digits.substr(16, 4), digits.substr(20));
}

std::string unpadded(std::string text)
{
    while (text.ends_with('='))
        text.pop_back();
    return text;
}

// Clients read the expiry of their token: this one lies in 2100.
std::string jwt(PlaceholderShape const& shape, Bytes random)
{
    std::string const header =
        unpadded(base64(R"({"alg":"RS256","typ":"JWT"})", Alphabet::UrlSafe));
    std::string const claims =
        unpadded(base64(R"({"sub":"placeholder","exp":4102444800})", Alphabet::UrlSafe));
    return header + "." + claims + "." + random_text(shape.alphabet, shape.length, random);
}

} // namespace

Result<std::string> make_placeholder(std::string_view shape_name, Bytes random)
{
    PlaceholderShape const* const shape = policy::find_shape(shape_name);
    if (shape == nullptr)
        return fail(Errc::Invalid, fmt::format("no placeholder shape {}", in_quotes(shape_name)));
    if (random.size() < kPlaceholderRandom)
        return fail(Errc::Invalid, "too few random bytes for a placeholder");
    switch (shape->form) {
    case ShapeForm::Prefixed:
        return fmt::format("{}{}{}", shape->prefix,
            random_text(shape->alphabet, shape->length, random), shape->suffix);
    case ShapeForm::Uuid: return uuid(random);
    case ShapeForm::Jwt: return jwt(*shape, random);
    }
    return fail(Errc::Invalid, "unknown placeholder form");
}

} // namespace osh::credentials
