// The canonical form is OpenSSL's own (since 1.0.0, crypto/x509/x_name.c): each relative name in
// order, without the SEQUENCE around them; string values as UTF-8, without space at the ends, runs
// of space as one, ASCII letters small. The hash is the first four bytes of its SHA-1, read
// little-endian.

#include "launcher/trust/subject_hash.h"

#include "launcher/trust/certificate_fields.h"
#include "launcher/trust/der.h"
#include "launcher/trust/sha1.h"

#include <algorithm>
#include <fmt/core.h>

namespace osh::launcher::trust
{
namespace
{

constexpr std::size_t kMaxNameParts = 64;

// X.680: the string types that OpenSSL folds; others are hashed as they are.
enum Tag : std::uint8_t {
    kPrintable = 0x13,
    kTeletex = 0x14,
    kIa5 = 0x16,
    kVisible = 0x1a,
    kUniversal = 0x1c,
    kBmp = 0x1e
};

void put_utf8(std::string& out, std::uint32_t code)
{
    auto const put = [&](std::uint32_t byte) { out += static_cast<char>(byte); };
    if (code < 0x80)
        return put(code);
    if (code < 0x800) {
        put(0xc0 | code >> 6);
    } else if (code < 0x10000) {
        put(0xe0 | code >> 12);
        put(0x80 | (code >> 6 & 0x3f));
    } else {
        put(0xf0 | (code >> 18 & 0x07));
        put(0x80 | (code >> 12 & 0x3f));
        put(0x80 | (code >> 6 & 0x3f));
    }
    put(0x80 | (code & 0x3f));
}

std::size_t width_of(std::uint8_t tag)
{
    return tag == kUniversal ? 4 : tag == kBmp ? 2 : 1;
}

bool is_folded(std::uint8_t tag)
{
    return tag == kDerUtf8 || tag == kPrintable || tag == kTeletex || tag == kIa5 || tag == kVisible
           || tag == kUniversal || tag == kBmp;
}

std::string utf8_of(DerElement const& value)
{
    if (value.tag == kDerUtf8)
        return std::string(text_of(value.value));
    std::size_t const width = width_of(value.tag);
    std::string text;
    for (std::size_t at = 0; at + width <= value.value.size(); at += width) {
        std::uint32_t code = 0;
        for (std::size_t i = 0; i < width; ++i)
            code = code << 8 | std::to_integer<std::uint32_t>(value.value[at + i]);
        put_utf8(text, code);
    }
    return text;
}

bool is_space(char letter)
{
    return letter == ' ' || (letter >= '\t' && letter <= '\r');
}

std::string folded(std::string const& text)
{
    std::string out;
    for (char const letter : text) {
        if (is_space(letter)) {
            if (!out.empty() && out.back() != ' ')
                out += ' ';
            continue;
        }
        out += letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + ('a' - 'A')) : letter;
    }
    if (!out.empty() && out.back() == ' ')
        out.pop_back();
    return out;
}

// AttributeTypeAndValue
Result<std::string> canonical_part(Bytes& rest)
{
    LET(part, take_element(rest, kDerSequence));
    Bytes inner = part.value;
    LET(type, take_element(inner));
    LET(value, take_element(inner));
    ByteWriter body;
    body.append(type.whole);
    if (is_folded(value.tag))
        put_element(body, kDerUtf8, bytes_of(folded(utf8_of(value))));
    else
        body.append(value.whole);
    ByteWriter out;
    put_element(out, kDerSequence, body.bytes());
    return std::string(text_of(out.bytes()));
}

// RelativeDistinguishedName: a SET, whose parts DER sorts.
Result<> add_relative_name(Sha1& sha1, Bytes& rest)
{
    LET(set, take_element(rest, kDerSet));
    Bytes inner = set.value;
    std::vector<std::string> parts;
    while (!inner.empty()) {
        if (parts.size() == kMaxNameParts)
            return fail(Errc::TooLarge, "certificate: a subject of too many parts");
        LET(part, canonical_part(inner));
        parts.push_back(std::move(part));
    }
    std::sort(parts.begin(), parts.end());
    ByteWriter body, out;
    for (auto const& part : parts)
        body.append(bytes_of(part));
    put_element(out, kDerSet, body.bytes());
    sha1.add(out.bytes());
    return {};
}

} // namespace

Result<std::string> subject_hash(Bytes der)
{
    LET(fields, fields_of(der));
    LET(subject, take_element(fields.subject, kDerSequence));
    Bytes rest = subject.value;
    Sha1 sha1;
    for (std::size_t i = 0; !rest.empty(); ++i) {
        if (i == kMaxNameParts)
            return fail(Errc::TooLarge, "certificate: a subject of too many names");
        TRY(add_relative_name(sha1, rest));
    }
    auto const digest = sha1.finish();
    return fmt::format("{:02x}{:02x}{:02x}{:02x}", static_cast<unsigned>(digest[3]),
        static_cast<unsigned>(digest[2]), static_cast<unsigned>(digest[1]),
        static_cast<unsigned>(digest[0]));
}

} // namespace osh::launcher::trust
