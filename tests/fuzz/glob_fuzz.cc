// A pattern (up to the first line feed) against the rest of the input.
#include "policy/model/glob.h"
#include "policy/model/host_pattern.h"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size)
{
    using namespace osh::policy;
    std::string_view const input(static_cast<char const*>(static_cast<void const*>(data)), size);
    std::size_t const end = std::min(input.find('\n'), input.size());
    std::string_view const pattern = input.substr(0, end);
    std::string_view const text = input.substr(std::min(end + 1, input.size()));
    for (char separator : {'/', '.', Glob::kNoSeparator})
        static_cast<void>(Glob(pattern, separator).matches(text));
    static_cast<void>(flaw_of_host(pattern));
    if (size < 512)
        static_cast<void>(may_overlap(pattern, text, '.'));
    return 0;
}
