#include "policy/model/host_pattern.h"

#include "policy/base/text.h"

#include <string>
#include <vector>

namespace osh::policy
{
namespace
{

constexpr HostFlaw kAllHosts{"a wildcard for every host is not allowed",
    "name a domain: \"*.example.com\" or \"**.example.com\""};
constexpr HostFlaw kDoubleStar{
    "\"**\" is allowed only as the whole first label", "write \"**.example.com\""};
constexpr HostFlaw kPartialLabel{"after the first label a wildcard must be the whole label",
    "write \"s3.*.example.com\", not \"s3.eu-*.example.com\""};
constexpr HostFlaw kTopLevel{"a wildcard for a whole top-level domain is not allowed",
    "write \"*.example.com\", not \"*.com\""};

// One element of a pattern: a literal character, or a star that may or may not cross the separator.
struct Piece {
    enum class Kind : char { Literal, AnyOne, Star, CrossingStar } kind;
    char literal;
};

std::vector<Piece> pieces_of(std::string_view pattern)
{
    std::vector<Piece> out;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '*') {
            bool const crosses = i + 1 < pattern.size() && pattern[i + 1] == '*';
            out.push_back({crosses ? Piece::Kind::CrossingStar : Piece::Kind::Star, '*'});
            while (i + 1 < pattern.size() && pattern[i + 1] == '*')
                ++i;
        } else if (pattern[i] == '?') {
            out.push_back({Piece::Kind::AnyOne, '?'});
        } else {
            out.push_back({Piece::Kind::Literal, pattern[i]});
        }
    }
    return out;
}

bool is_star(Piece piece)
{
    return piece.kind == Piece::Kind::Star || piece.kind == Piece::Kind::CrossingStar;
}

bool takes(Piece star, Piece other, char separator)
{
    return star.kind == Piece::Kind::CrossingStar || other.kind != Piece::Kind::Literal
           || other.literal != separator;
}

bool meet(Piece a, Piece b)
{
    return a.kind == Piece::Kind::AnyOne || b.kind == Piece::Kind::AnyOne || a.literal == b.literal;
}

} // namespace

bool has_host_wildcard(std::string_view host)
{
    return host.find('*') != std::string_view::npos;
}

HostFlaw flaw_of_host(std::string_view host)
{
    if (!has_host_wildcard(host))
        return {};
    if (host == "*" || host == "**")
        return kAllHosts;
    auto const labels = split(host, '.');
    for (std::size_t i = 0; i < labels.size(); ++i) {
        bool const recursive = labels[i].find("**") != std::string_view::npos;
        if (recursive && (i > 0 || labels[i] != "**"))
            return kDoubleStar;
        if (i > 0 && has_host_wildcard(labels[i]) && labels[i] != "*")
            return kPartialLabel;
    }
    if (labels.size() <= 2)
        return kTopLevel;
    return {};
}

// Both patterns walk the product of their positions; true if some text could lead both to the end.
bool may_overlap(std::string_view left, std::string_view right, char separator)
{
    if (left.find('*') == std::string_view::npos && right.find('*') == std::string_view::npos
        && left.find('?') == std::string_view::npos && right.find('?') == std::string_view::npos)
        return left == right;
    auto const a = pieces_of(left);
    auto const b = pieces_of(right);
    // reach[j]: position (i, j) can be reached by one common text.
    std::vector<char> reach(b.size() + 1, 0);
    std::vector<char> next(b.size() + 1, 0);
    reach[0] = 1;
    for (std::size_t i = 0; i <= a.size(); ++i) {
        std::fill(next.begin(), next.end(), 0);
        for (std::size_t j = 0; j <= b.size(); ++j) {
            if (!reach[j])
                continue;
            bool const star_a = i < a.size() && is_star(a[i]);
            bool const star_b = j < b.size() && is_star(b[j]);
            if (star_a)
                next[j] = 1; // the star takes nothing more
            if (star_b)
                reach[j + 1] = 1;
            if (star_a && j < b.size() && !star_b && takes(a[i], b[j], separator))
                reach[j + 1] = 1;
            if (star_b && i < a.size() && !star_a && takes(b[j], a[i], separator))
                next[j] = 1;
            if (i < a.size() && j < b.size() && !star_a && !star_b && meet(a[i], b[j]))
                next[j + 1] = 1;
        }
        if (i == a.size())
            return reach[b.size()] != 0;
        std::swap(reach, next);
    }
    return false;
}

} // namespace osh::policy
