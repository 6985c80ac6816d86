#include "policy/evaluate/middleware.h"

#include "policy/base/text.h"
#include "policy/compile/network_index.h"

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

// The stricter of two; the first one that is as strict keeps its name.
void join(MiddlewareDuty& to, Policy const& policy, std::string_view lower_host)
{
    for (auto const& middleware : policy.network->middlewares()) {
        bool const is_stricter =
            to.name.empty()
            || (to.on_error == OnError::FailOpen && middleware.on_error == OnError::FailClosed);
        if (is_stricter && middleware.selects(lower_host))
            to = {middleware.name, middleware.on_error};
    }
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

MiddlewareDuty middleware_duty(Policy const& policy, std::string_view host)
{
    std::string const lower = to_lower_ascii(host);
    MiddlewareDuty duty;
    join(duty, policy, lower);
    for (auto const& ceiling : policy.ceilings)
        join(duty, *ceiling.policy, lower);
    return duty;
}

std::string apply_middlewares(Policy const& policy, std::string_view host, std::string_view text)
{
    // There is one kind of middleware, and blanking twice is blanking once.
    return middleware_duty(policy, host).selects() ? without_keys(text) : std::string(text);
}

} // namespace osh::policy
