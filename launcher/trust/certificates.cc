// PEM armour and base64. Lenient as OpenSSL's reader is: text between the certificates is skipped.

#include "launcher/trust/certificates.h"

#include <array>
#include <optional>

namespace osh::launcher::trust
{
namespace
{

struct Armour {
    std::string_view begin, end;
};
constexpr std::array kArmours{Armour{"-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"},
    Armour{"-----BEGIN X509 CERTIFICATE-----", "-----END X509 CERTIFICATE-----"}};

struct Cut {
    std::string_view body;
    std::size_t begin = 0, end = 0; // of the whole, in the bundle
};

std::optional<Cut> cut(std::string_view bundle, std::size_t from, Armour const& armour)
{
    std::size_t const begin = bundle.find(armour.begin, from);
    if (begin == std::string_view::npos)
        return std::nullopt;
    std::size_t const body = begin + armour.begin.size();
    std::size_t const end = bundle.find(armour.end, body);
    if (end == std::string_view::npos)
        return std::nullopt;
    return Cut{bundle.substr(body, end - body), begin, end + armour.end.size()};
}

std::optional<Cut> next_cut(std::string_view bundle, std::size_t from)
{
    auto const plain = cut(bundle, from, kArmours[0]);
    auto const old = cut(bundle, from, kArmours[1]);
    if (plain && old)
        return plain->begin < old->begin ? plain : old;
    return plain ? plain : old;
}

constexpr int kSpace = -1, kPad = -2, kWrong = -3;

int digit_of(char letter)
{
    if (letter >= 'A' && letter <= 'Z')
        return letter - 'A';
    if (letter >= 'a' && letter <= 'z')
        return letter - 'a' + 26;
    if (letter >= '0' && letter <= '9')
        return letter - '0' + 52;
    switch (letter) {
    case '+': return 62;
    case '/': return 63;
    case '=': return kPad;
    case ' ':
    case '\t':
    case '\r':
    case '\n': return kSpace;
    default: return kWrong;
    }
}

// RFC 4648 section 4; empty when a character is not of the alphabet.
std::vector<std::byte> decoded(std::string_view body)
{
    std::vector<std::byte> out;
    out.reserve(body.size() * 3 / 4);
    std::uint32_t bits = 0;
    int count = 0;
    for (char const letter : body) {
        int const digit = digit_of(letter);
        if (digit == kPad)
            break;
        if (digit == kWrong)
            return {};
        if (digit == kSpace)
            continue;
        bits = bits << 6 | static_cast<std::uint32_t>(digit);
        count += 6;
        if (count < 8)
            continue;
        count -= 8;
        out.push_back(static_cast<std::byte>(bits >> count & 0xff));
    }
    return out;
}

} // namespace

std::vector<Certificate> certificates_in(std::string_view bundle)
{
    std::vector<Certificate> found;
    std::size_t from = 0;
    for (auto next = next_cut(bundle, from); next && found.size() < kMaxCertificates;
         next = next_cut(bundle, from)) {
        from = next->end;
        if (next->end - next->begin > kMaxCertificate)
            continue;
        auto der = decoded(next->body);
        if (der.empty())
            continue;
        std::string pem(bundle.substr(next->begin, next->end - next->begin));
        found.push_back({pem + "\n", std::move(der)});
    }
    return found;
}

std::string one_line_of(std::string_view pem)
{
    std::string line;
    auto const found = next_cut(pem, 0);
    if (!found)
        return line;
    for (char const letter : found->body)
        if (digit_of(letter) >= 0 || digit_of(letter) == kPad)
            line += letter;
    return line;
}

} // namespace osh::launcher::trust
