// Two configurations, split at the first zero byte: whatever is accepted holds only settings that
// are harmless or stood there before.
#include "launcher/guard/git_config.h"

#include "policy/base/check.h"

#include <algorithm>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using namespace osh::launcher;
    std::string_view const input(static_cast<char const*>(static_cast<void const*>(data)), size);
    std::size_t const cut = std::min(input.find('\0'), input.size());
    std::string_view const before = input.substr(0, cut);
    std::string_view const after = input.substr(std::min(cut + 1, input.size()));
    if (!check_git_config({before, after, {1, {}}}).ok() || before == after)
        return 0;
    auto const old = read_git_config(before), now = read_git_config(after);
    OSH_CHECK(now.ok());
    for (auto const& setting : *now)
        OSH_CHECK(is_harmless(setting)
                  || (old.ok() && std::find(old->begin(), old->end(), setting) != old->end()));
    return 0;
}
