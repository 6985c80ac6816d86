#include "policy/base/text.h"

#include <algorithm>
#include <array>
#include <fmt/core.h>

namespace osh
{
namespace
{

struct Range {
    char32_t first, last;
};

// Characters that move, hide or reorder what is around them: controls, soft hyphen, bidi controls,
// zero-width and invisible characters, line separators, variation selectors, interlinear
// annotation, tags, private use, noncharacters.
constexpr std::array kDangerous{
    Range{0x0, 0x1f},
    Range{0x7f, 0x9f},
    Range{0xad, 0xad},
    Range{0x61c, 0x61c},
    Range{0x115f, 0x1160},
    Range{0x17b4, 0x17b5},
    Range{0x180b, 0x180f},
    Range{0x200b, 0x200f},
    Range{0x2028, 0x202e},
    Range{0x2060, 0x206f},
    Range{0x3164, 0x3164},
    Range{0xe000, 0xf8ff},
    Range{0xfdd0, 0xfdef},
    Range{0xfe00, 0xfe0f},
    Range{0xfeff, 0xfeff},
    Range{0xffa0, 0xffa0},
    Range{0xfff0, 0xfffb},
    Range{0xfffe, 0xffff},
    Range{0x1d173, 0x1d17a},
    Range{0xe0000, 0x10ffff},
};

bool is_dangerous(char32_t c)
{
    return std::ranges::any_of(kDangerous, [c](Range r) { return r.first <= c && c <= r.last; });
}

// One element for each character that will be shown; an escape is one element so that eliding never
// splits it.
std::vector<std::string> visible_pieces(std::string_view text)
{
    std::vector<std::string> pieces;
    while (!text.empty()) {
        char32_t c = 0;
        std::size_t const length = utf8_length(text, c);
        if (length == 0) {
            pieces.push_back(fmt::format("\\x{:02X}", static_cast<unsigned char>(text[0])));
            text.remove_prefix(1);
            continue;
        }
        if (is_dangerous(c))
            pieces.push_back(fmt::format("\\u{{{:X}}}", static_cast<unsigned>(c)));
        else
            pieces.emplace_back(text.substr(0, length));
        text.remove_prefix(length);
    }
    return pieces;
}

std::size_t width_of(std::string const& piece)
{
    return piece.size() > 1 && piece[0] == '\\' ? piece.size() : 1;
}

std::string elided(std::vector<std::string> const& pieces, std::size_t width)
{
    std::size_t total = 0;
    for (auto const& piece : pieces)
        total += width_of(piece);
    std::string head;
    if (total <= width) {
        for (auto const& piece : pieces)
            head += piece;
        return head;
    }
    std::size_t const room = width > 0 ? width - 1 : 0;
    std::size_t used = 0;
    for (std::size_t i = 0; i < pieces.size() && used + width_of(pieces[i]) <= room / 2; ++i) {
        head += pieces[i];
        used += width_of(pieces[i]);
    }
    std::size_t first = pieces.size();
    used = 0;
    while (first > 0 && used + width_of(pieces[first - 1]) <= room - room / 2)
        used += width_of(pieces[--first]);
    head += "…";
    for (std::size_t i = first; i < pieces.size(); ++i)
        head += pieces[i];
    return head;
}

// Insertions, deletions, substitutions and swapped neighbours count one each ("prot" for "port").
std::size_t edit_distance(std::string_view a, std::string_view b)
{
    std::vector<std::size_t> before(b.size() + 1), above(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j)
        row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::swap(before, above);
        std::swap(above, row);
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t const substitute = above[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({above[j] + 1, row[j - 1] + 1, substitute});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
    }
    return row[b.size()];
}

} // namespace

std::size_t utf8_length(std::string_view text, char32_t& code_point)
{
    if (text.empty())
        return 0;
    auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    unsigned const lead = byte(0);
    if (lead < 0x80) {
        code_point = lead;
        return 1;
    }
    std::size_t const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length)
        return 0;
    char32_t value = lead & (0xff >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (byte(i) & 0x3f);
    }
    bool const overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
    if (overlong || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    code_point = value;
    return length;
}

std::string shown(std::string_view untrusted, std::size_t width)
{
    // A text longer than this is cut before it is looked at: work stays bounded whatever the agent
    // sends.
    std::size_t const most = 8 * width + 64;
    if (untrusted.size() <= most)
        return elided(visible_pieces(untrusted), width);
    std::string shortened(untrusted.substr(0, most / 2));
    shortened += untrusted.substr(untrusted.size() - most / 2);
    return elided(visible_pieces(shortened), width);
}

std::string in_quotes(std::string_view untrusted, std::size_t width)
{
    std::string text = "\"";
    for (char c : shown(untrusted, width)) {
        if (c == '"')
            text += '\\';
        text += c;
    }
    return text + "\"";
}

std::string json_quoted(std::string_view text)
{
    std::string out = "\"";
    while (!text.empty()) {
        char32_t c = 0;
        std::size_t const length = utf8_length(text, c);
        if (length == 0)
            out += "\xef\xbf\xbd";
        else if (c == '"' || c == '\\')
            (out += '\\') += static_cast<char>(c);
        else if (c < 0x20 || c == 0x7f || (c > 0x7f && is_dangerous(c) && c < 0x10000))
            out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
        else
            out += text.substr(0, length);
        text.remove_prefix(length == 0 ? 1 : length);
    }
    return out + "\"";
}

std::string_view nearest_word(std::string_view word, std::vector<std::string_view> const& known)
{
    constexpr std::size_t kLongestWord = 64;
    if (word.size() > kLongestWord)
        return {};
    std::size_t best = word.size() <= 4 ? 2 : 3;
    std::string_view found;
    for (std::string_view candidate : known) {
        std::size_t const distance = edit_distance(to_lower_ascii(word), to_lower_ascii(candidate));
        if (distance < best) {
            best = distance;
            found = candidate;
        }
    }
    return found;
}

std::string to_lower_ascii(std::string_view text)
{
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z')
            c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

bool equals_ignoring_case(std::string_view a, std::string_view b)
{
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(), [&](char x, char y) {
        return lower(x) == lower(y);
    });
}

std::string_view trimmed(std::string_view text)
{
    auto const first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos)
        return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> split(std::string_view text, char separator)
{
    std::vector<std::string_view> parts;
    for (;;) {
        auto const at = text.find(separator);
        parts.push_back(text.substr(0, at));
        if (at == std::string_view::npos)
            return parts;
        text.remove_prefix(at + 1);
    }
}

} // namespace osh
