#include "policy/evaluate/middleware.h"

#include "policy/base/text.h"
#include "policy/compile/network_index.h"

#include <algorithm>

namespace osh::policy
{
namespace
{

constexpr std::string_view kPrefix = "sk-";
constexpr std::size_t kShortestKey = 16; // characters behind the prefix: "sk-learn" is no key
constexpr std::string_view kBlank = "[redacted]";

bool is_key_character(char c)
{
    return c == '-' || c == '_' || (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z')
           || (c >= 'A' && c <= 'Z');
}

bool selects(Middleware const& middleware, std::string_view host)
{
    auto const covers = [&](std::string const& pattern) {
        return Glob(to_lower_ascii(pattern), '.').matches(host);
    };
    return std::ranges::any_of(middleware.include, covers)
           && std::ranges::none_of(middleware.exclude, covers);
}

std::string without_keys(std::string_view text)
{
    std::string out;
    std::size_t done = 0;
    for (std::size_t at = text.find(kPrefix); at != std::string_view::npos;) {
        std::size_t end = at + kPrefix.size();
        while (end < text.size() && is_key_character(text[end]))
            ++end;
        bool const starts_word = at == 0 || !is_key_character(text[at - 1]);
        if (starts_word && end - at - kPrefix.size() >= kShortestKey) {
            out += text.substr(done, at - done);
            out += kBlank;
            done = end;
        }
        at = text.find(kPrefix, end);
    }
    out += text.substr(done);
    return out;
}

} // namespace

bool has_middleware_for(Policy const& policy, std::string_view host)
{
    std::string const lower = to_lower_ascii(host);
    auto const any = [&](Policy const& one) {
        return std::ranges::any_of(one.network->middlewares(),
            [&](Middleware const& middleware) { return selects(middleware, lower); });
    };
    return any(policy) || std::ranges::any_of(policy.ceilings, [&](PolicyCeiling const& ceiling) {
        return any(*ceiling.policy);
    });
}

std::string apply_middlewares(Policy const& policy, std::string_view host, std::string_view text)
{
    // There is one kind of middleware, and blanking twice is blanking once.
    return has_middleware_for(policy, host) ? without_keys(text) : std::string(text);
}

} // namespace osh::policy
