#include "launcher/plan/glob.h"

#include <cstddef>

namespace osh::launcher
{
namespace
{

// Where matching goes on when a literal does not fit: one more character for the last star.
struct Retry {
    std::size_t pattern = std::string_view::npos, text = 0;
    bool crosses_slash = false;
};

} // namespace

bool matches_glob(std::string_view pattern, std::string_view text)
{
    std::size_t p = 0, t = 0;
    Retry single, twin; // the last "*" and the last "**" are enough: earlier ones never need more
    while (t < text.size() || p < pattern.size()) {
        if (pattern.substr(p).starts_with("**")) {
            p += pattern.substr(p).starts_with("**/") ? 3 : 2;
            twin = {p, t, true};
            single = {};
            continue;
        }
        if (p < pattern.size() && pattern[p] == '*') {
            single = {++p, t, false};
            continue;
        }
        bool const fits = p < pattern.size() && t < text.size()
                          && (pattern[p] == text[t] || (pattern[p] == '?' && text[t] != '/'));
        if (fits) {
            ++p, ++t;
            continue;
        }
        if (single.pattern != std::string_view::npos && single.text < text.size()
            && text[single.text] != '/') {
            p = single.pattern;
            t = ++single.text;
            continue;
        }
        if (twin.pattern == std::string_view::npos || twin.text >= text.size())
            return false;
        p = twin.pattern;
        t = ++twin.text;
        single = {};
    }
    return true;
}

bool matches_mask(std::string_view pattern, std::string_view relative_path)
{
    if (pattern.starts_with('/'))
        pattern.remove_prefix(1);
    if (pattern.find('/') == std::string_view::npos) {
        std::size_t const slash = relative_path.rfind('/');
        return matches_glob(pattern,
            slash == std::string_view::npos ? relative_path : relative_path.substr(slash + 1));
    }
    if (pattern.ends_with("/**")
        && matches_glob(pattern.substr(0, pattern.size() - 3), relative_path))
        return true;
    if (pattern.ends_with('/'))
        return matches_mask(pattern.substr(0, pattern.size() - 1), relative_path);
    return matches_glob(pattern, relative_path);
}

} // namespace osh::launcher
